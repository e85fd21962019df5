import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemChance } from '@signalbox/runtime';
import { Connections } from './load.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/** A server under load, and the connections to it. */
export type Target = {
  readonly name: string;
  readonly origin: string;
  readonly server: ServerProcess;
  readonly connections: Connections;
  readonly stop: () => Promise<void>;
};

export const CONNECTIONS = 64;

const inRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const key = (): string => Buffer.from(systemChance.bytes(32)).toString('hex');

/**
 * Production mode, as it would be run behind a proxy: nothing is switched off but the log line of each request. Limits
 * are on and too high to be met. Sessions live longer than the bench.
 */
export const settings = {
  SIGNALBOX_MODE: 'production',
  SIGNALBOX_HOST: '127.0.0.1',
  SIGNALBOX_PORT: '0',
  SIGNALBOX_CORS_ORIGINS: 'https://app.example.org',
  SIGNALBOX_TRUSTED_PROXIES: '192.0.2.1',
  SIGNALBOX_LOG_LEVEL: 'warn',
  SIGNALBOX_RATE_LIMIT_READ: '10000000',
  SIGNALBOX_RATE_LIMIT_WRITE: '10000000',
  SIGNALBOX_RATE_LIMIT_POLL: '10000000',
  SIGNALBOX_RATE_LIMIT_RPC: '10000000',
  SIGNALBOX_RATE_LIMIT_CREDENTIALS: '10000000',
  SIGNALBOX_MAX_SESSIONS_PER_IDENTITY: '1000000',
  SIGNALBOX_MAX_EVENT_LOOP_DELAY_MS: '5000',
  SIGNALBOX_OFFER_DEFAULT_TTL_MS: '3600000',
  SIGNALBOX_ANSWERED_TTL_MS: '3600000',
} as const;

/** The first second of a server's life is over when it resolves: what was signed in that second is refused. */
const firstSecond = () => sleep(1_000);

const directories = new Set<string>();
process.on('exit', () => {
  for (const path of directories) rmSync(path, { recursive: true, force: true });
});

/** A data directory that is gone after the bench. */
export const newDataDirectory = (): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  directories.add(path);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};

/** Starts the real server on a data directory, with fresh keys. */
export const startSignalbox = (
  dataDirectory: string,
  extra: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
): Promise<ServerProcess> =>
  startServer(
    inRepository('services/standalone/src/main.ts'),
    {
      ...settings,
      SIGNALBOX_DATA_DIR: dataDirectory,
      SIGNALBOX_MASTER_KEYS: key(),
      SIGNALBOX_TOKEN_KEYS: key(),
      SIGNALBOX_ADMIN_KEYS: key(),
      SIGNALBOX_CHECKPOINT_KEYS: key(),
      ...extra,
    },
    nodeOptions,
  );

const asTarget = async (name: string, server: ServerProcess, remove: () => void): Promise<Target> => {
  const connections = new Connections(server.origin, CONNECTIONS);
  await firstSecond();
  return {
    ...{ name, server, connections },
    origin: server.origin,
    stop: async () => {
      await connections.close();
      await server.stop();
      remove();
    },
  };
};

/** The real server, with an empty log of its own. */
export const startReal = async (
  name: string,
  extra: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
): Promise<Target> => {
  const { path, remove } = newDataDirectory();
  return asTarget(name, await startSignalbox(path, extra, nodeOptions), remove);
};

export const startBare = async (): Promise<Target> =>
  asTarget('bare minimum', await startServer(inRepository('bench/bare.ts'), {}), () => undefined);
