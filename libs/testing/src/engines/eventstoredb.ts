import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { containerEngine } from './container.ts';
import { type Engine, type Environment, foreign } from './engine.ts';
import { processEngine } from './process.ts';
import { ask, freePort } from './sockets.ts';

/** An EventStoreDB, or, where there is none, the test double of one as a process of its own: there is always something. */
export type EventStoreDbEngine = Omit<Engine, 'kind'> & {
  readonly kind: 'real' | 'double';
  /** A connection string for `@eventstore/db-client`. */
  readonly url: string;
};

/** The store that the environment names (`SIGNALBOX_TEST_EVENTSTOREDB`, host:port or esdb://…), else one of our own. */
export const findEventStoreDb = async (env: Environment): Promise<EventStoreDbEngine> => {
  const named = env.SIGNALBOX_TEST_EVENTSTOREDB;
  if (!named) return startOwnEventStoreDb();
  const url = named.includes('://') ? named : insecure(named);
  const { host } = new URL(url);
  return { ...foreign(host, `EventStoreDB at ${host}`), url };
};

/** A store for this caller alone, to be killed and paused at will: in a container, else the double. */
export const startOwnEventStoreDb = async (): Promise<EventStoreDbEngine> => {
  for (const { image, environment } of IMAGES) {
    const found = await containerEngine({ image, port: 2113, environment: () => environment, ready: healthy });
    if (found.kind === 'real') return { ...found, url: insecure(found.address) };
  }
  return startEventStoreDbDouble();
};

const insecure = (address: string): string => `esdb://${address}?tls=false`;

const IMAGES: readonly { readonly image: string; readonly environment: Readonly<Record<string, string>> }[] = [
  {
    image: 'kurrentplatform/kurrentdb:26.0',
    environment: { KURRENTDB_INSECURE: 'true', KURRENTDB_CLUSTER_SIZE: '1', KURRENTDB_RUN_PROJECTIONS: 'None' },
  },
  {
    image: 'eventstore/eventstore:24.10.0-bookworm-slim',
    environment: {
      EVENTSTORE_INSECURE: 'true',
      EVENTSTORE_CLUSTER_SIZE: '1',
      EVENTSTORE_RUN_PROJECTIONS: 'None',
      // Its own default is 1 MiB for all events of an append together.
      EVENTSTORE_MAX_APPEND_SIZE: String(16 << 20),
    },
  },
];

const healthy = async (address: string) => {
  const answer = await ask(address, `GET /health/live HTTP/1.1\r\nHost: ${address}\r\nConnection: close\r\n\r\n`);
  return /^HTTP\/1\.1 20\d/.test(answer.toString());
};

const MAIN = fileURLToPath(new URL('../../eventstoredb-server/main.ts', import.meta.url));

/** The test double as a process, which keeps its events in a file. */
export const startEventStoreDbDouble = async (): Promise<EventStoreDbEngine> => {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-eventstoredb-'));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const engine = await processEngine({
    address,
    description: `the protocol server of libs/testing/eventstoredb-server on ${address}`,
    program: process.execPath,
    args: [MAIN, '--port', String(port), '--file', join(folder, 'events.ndjson')],
    folder,
    // Whoever opens an HTTP/2 connection is sent its settings.
    ready: async () => (await ask(address, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).length > 0,
  });
  return { ...engine, kind: 'double', url: insecure(address) };
};
