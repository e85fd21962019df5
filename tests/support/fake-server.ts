import type { DomainEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import type { Decoded } from '@signalbox/event-sourcing';
import { memoryTileStore } from '@signalbox/evidence';
import { memoryAuditIndex, memoryEventLog, memoryIdempotencyStore, memoryNonceStore } from '@signalbox/memory';
import { createLogger, loadConfig, noMetrics, systemChance } from '@signalbox/runtime';
import { buildStandalone, type Standalone } from '@signalbox/standalone';
import { type FakeClock, fakeClock, scanningHistory, seededChance } from '@signalbox/testing';
import { createVault } from '@signalbox/vault';
import { memoryKeyStore } from '@signalbox/vault/memory';
import type { Answer } from './client.ts';

export type FakeServer = {
  readonly clock: FakeClock;
  /** One request, in the process; nothing listens. */
  request: <T = unknown>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    options?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
  ) => Promise<Answer<T>>;
  /** Everything that was recorded, since the first start. */
  readonly recorded: () => Promise<readonly Decoded<DomainEvent>[]>;
  readonly stop: () => Promise<void>;
  /** Starts it again on the same log, with nothing else left of the time before. */
  readonly start: () => Promise<void>;
};

/**
 * A whole server in the test's own process, on a clock that stands still until it is told to move, with chances from a
 * seed and its log in memory. Two runs are the same to the last byte.
 */
export const startFakeServer = async (
  env: Readonly<Record<string, string>> = {},
  start = Date.UTC(2030, 0, 1),
): Promise<FakeServer> => {
  const loaded = loadConfig(
    {
      SIGNALBOX_MASTER_KEYS: '0a1b'.repeat(16),
      SIGNALBOX_TOKEN_KEYS: '1b2c'.repeat(16),
      SIGNALBOX_ADMIN_KEYS: '2c3d'.repeat(16),
      SIGNALBOX_CHECKPOINT_KEYS: '3d4e'.repeat(16),
      ...env,
    },
    () => '',
  );
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const clock = fakeClock(start);
  const chance = seededChance(7);
  const log = memoryEventLog({ now: () => clock.now(), id: chance.uuid() });
  const keyStore = memoryKeyStore();
  const tiles = memoryTileStore();
  const recorded = memoryAuditIndex();

  const build = () =>
    buildStandalone({
      config: loaded.ok,
      log: { ...log, ...scanningHistory(log), fault: () => null, waiting: () => 0 },
      recorder: { tiles, recorded },
      keyStore,
      nonces: memoryNonceStore(),
      idempotency: memoryIdempotencyStore(),
      tls: null,
      clock,
      timers: clock,
      chance,
      load: { eventLoopDelayMs: () => 0, heap: () => ({ used: 1, limit: 1_000 }), stop: () => undefined },
      logger: createLogger({ level: 'silent', instance: 'fake', pretty: false }),
      telemetry: { metrics: noMetrics, tracing: null, renderMetrics: async () => '', shutdown: async () => undefined },
      version: '0.0.0',
      instance: 'fake',
    });

  const vault = createVault({
    store: keyStore,
    masterKeys: loaded.ok.secrets.masterKeys.map((key) => Buffer.from(key, 'hex')),
    epochMs: loaded.ok.lifetimes.keyEpochMs,
    ...{ now: () => clock.now(), chance: systemChance },
  });
  let server: Standalone | null = await build();
  return {
    clock,
    request: async <T>(
      method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
      path: string,
      { body, headers = {} }: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
    ) => {
      if (!server) throw new Error('The server is stopped.');
      const answer = await server.app.inject({
        ...{ method, url: path },
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      });
      const text = answer.body;
      const flat = Object.entries(answer.headers).map(([name, value]) => [name, value && String(value)]);
      return {
        status: answer.statusCode,
        headers: Object.fromEntries(flat),
        body: (text === '' ? undefined : JSON.parse(text)) as T,
        text,
      };
    },
    recorded: async () => createEventCodec(vault).decode(await log.readAll(0, 100_000), 'stop'),
    stop: async () => {
      await server?.close();
      server = null;
    },
    start: async () => {
      server = await build();
    },
  };
};
