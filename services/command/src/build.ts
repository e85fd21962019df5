import {
  atOnce,
  createEdge,
  createIdentity,
  createWriter,
  type Keys,
  type ObservedLog,
  recordStart,
  type Stores,
  whenShown,
} from '@signalbox/assembly';
import { createV1 } from '@signalbox/contracts';
import type { App } from '@signalbox/http';
import type { ServiceContext } from '@signalbox/runtime';
import { commandDeps, commandRoutes } from './app.ts';

/**
 * The process that takes commands. It answers when a change is recorded, with a token for whoever wants to be sure to
 * read it, after it has waited a moment for the change to be shown (ADR-0015).
 */
export const buildCommand = async (options: {
  readonly context: ServiceContext;
  readonly log: ObservedLog;
  readonly keys: Keys;
  readonly stores: Pick<
    Stores,
    | 'credentials'
    | 'sessions'
    | 'quota'
    | 'progress'
    | 'observations'
    | 'nonces'
    | 'rateLimiter'
    | 'idempotency'
    | 'check'
  >;
}): Promise<{ readonly app: App; readonly close: () => Promise<void> }> => {
  const { context, log, keys, stores } = options;
  const { config, clock, chance, logger } = context;
  const now = () => clock.now();
  const { consistencyWaitMs, shownWithinMs } = config.stack;
  const shown = (withinMs: number) => whenShown(stores.progress, { now, withinMs, logger });
  const { ring } = keys;
  const { writeSide, checks } = createWriter({
    ...{ context, log, keys, stores },
    settled: { sessions: shownWithinMs === 0 ? atOnce : shown(shownWithinMs), credentials: shown(consistencyWaitMs) },
  });
  const identity = createIdentity({
    ...{ config, ring, clock, chance, refuseSignedBefore: 0 },
    credentials: stores.credentials,
    nonces: stores.nonces,
  });
  const { app, load } = await createEdge({
    ...{ context, identity, ring, checks, queueDepth: log.waiting },
    rateLimiter: stores.rateLimiter,
    observations: stores.observations,
    idempotency: stores.idempotency,
    sections: ['credentials', 'sessions', 'operations'],
  });
  await app.register(
    commandRoutes,
    commandDeps({ v1: createV1(config.limits), config, writeSide, identity, now, rows: stores.sessions }),
  );
  await app.ready();
  await recordStart(context, 'command', writeSide.operations);
  return {
    app,
    close: async () => {
      await app.close();
      load.stop();
    },
  };
};
