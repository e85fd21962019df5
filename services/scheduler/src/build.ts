import {
  atOnce,
  createOperationsApp,
  createWriter,
  type Keys,
  notaryWork,
  type ObservedLog,
  observeKeyStore,
  recordedBefore,
  recordStart,
  type Stores,
  settleKeys,
  workChecks,
} from '@signalbox/assembly';
import type { RecordedEvent } from '@signalbox/event-sourcing';
import type { App } from '@signalbox/http';
import type { ServiceContext } from '@signalbox/runtime';
import { schedulerWork } from './work.ts';

/** What is forgotten from time to time: each answers with how much it was. Times are epoch milliseconds. */
export type Forgetting = {
  readonly sessions: (endedBefore: number) => Promise<number>;
  readonly credentials: (endedBefore: number) => Promise<number>;
  /** What audits find sessions by. */
  readonly recorded: (endedBefore: number) => Promise<number>;
  /** True for one caller of each turn, whichever process it is in. */
  readonly turn: (name: string, expiresAt: number) => Promise<boolean>;
};

/** The process that ends what is due, and sweeps. Any number of them share the work. */
export const buildScheduler = async (options: {
  readonly context: ServiceContext;
  readonly log: ObservedLog & {
    readonly readBack: (before: number, limit: number) => Promise<readonly RecordedEvent[]>;
  };
  readonly keys: Keys;
  readonly stores: Pick<
    Stores,
    | 'auditIndex'
    | 'credentials'
    | 'dueTimes'
    | 'sessions'
    | 'observations'
    | 'tiles'
    | 'quota'
    | 'nonces'
    | 'idempotency'
    | 'rateLimiter'
    | 'check'
  >;
  readonly forgetting: Forgetting;
}): Promise<{ readonly app: App; readonly close: () => Promise<void> }> => {
  const { context, log, keys, stores, forgetting } = options;
  const { clock, config, telemetry } = context;
  const { sweepIntervalMs, endedRetentionMs } = config.lifetimes;
  const { writeSide, checks } = createWriter({
    ...{ context, log, keys, stores },
    settled: { sessions: atOnce, credentials: atOnce },
  });
  const work = schedulerWork({
    ...{ context, writeSide, due: stores.dueTimes, sessions: stores.sessions, observations: stores.observations },
    lastRecordedAt: (await log.readBack(Number.POSITIVE_INFINITY, 1))[0]?.recordedAt ?? null,
    isMine: (at) => forgetting.turn(`sweep-${Math.floor(at / sweepIntervalMs)}`, at + 2 * sweepIntervalMs),
    retention: {
      ...{ keys: keys.vault, log, index: stores.auditIndex },
      settle: (signal) => settleKeys(keys, log, context, signal),
      isMine: (at) => forgetting.turn(`retention-${Math.floor(at / sweepIntervalMs)}`, at + 2 * sweepIntervalMs),
    },
    targets: {
      sessions: async (at) => {
        await forgetting.recorded(recordedBefore(config.lifetimes, at));
        return forgetting.sessions(at - endedRetentionMs);
      },
      credentials: (at) => forgetting.credentials(at - endedRetentionMs),
      nonces: (at) => stores.nonces.sweep(at),
      idempotencyRecords: (at) => stores.idempotency.sweep(at),
      rateLimits: () => stores.rateLimiter.sweep(clock.monotonic()),
      tokens: async () => 0, // each process forgets its own
    },
  });
  const notary = notaryWork({ context, log, tiles: stores.tiles, operations: writeSide.operations });
  const background = [...work, notary];
  observeKeyStore(telemetry.metrics, keys.store);
  telemetry.metrics.observe('schedulerPending', () => stores.dueTimes.size());
  const app = await createOperationsApp(context, [...checks, ...workChecks(background)]);
  await recordStart(context, 'scheduler', writeSide.operations);
  return {
    app,
    close: async () => {
      await app.close();
      for (const one of background) await one.stop();
      app.stopLoad();
    },
  };
};
