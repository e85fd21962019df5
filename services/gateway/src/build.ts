import {
  createEdge,
  createIdentity,
  createKeyReport,
  createRpc,
  createWriter,
  type Keys,
  type ObservedLog,
  recordStart,
  type Stores,
  whenShown,
} from '@signalbox/assembly';
import type { History } from '@signalbox/audit';
import { commandContext, commandDeps, commandRoutes } from '@signalbox/command';
import { createErasure } from '@signalbox/commands';
import { createV1 } from '@signalbox/contracts';
import { contradictionIn, createLocator, originOf } from '@signalbox/evidence';
import type { App } from '@signalbox/http';
import { createDiscoverQueries, createFeedQueries, createSessionQueries } from '@signalbox/queries';
import { queryDeps, queryRoutes } from '@signalbox/query';
import type { ServiceContext } from '@signalbox/runtime';
import { gatewayRoutes, type Rebuilds, recorderRoutes } from './app.ts';
import { createRecorder } from './recorder.ts';
import { asyncApiRoute } from './routes/async-api.ts';

/**
 * The front door. A batch is many v1 requests, and `/rpc` and the reference are about all there is, so both halves of v1
 * are served here too (ADR-0010). What it writes is answered when it can be seen: neither a batch nor a client of
 * Rondevu brings a token of its own.
 */
export const buildGateway = async (options: {
  readonly context: ServiceContext;
  readonly log: ObservedLog & Pick<History, 'readBack'>;
  readonly keys: Keys;
  readonly stores: Omit<Stores, 'dueTimes'>;
  readonly rebuilds: Rebuilds;
}): Promise<{ readonly app: App; readonly close: () => Promise<void> }> => {
  const { context, log, keys, stores } = options;
  const { config, clock, chance, timers, logger, telemetry, version } = context;
  const { rateLimiter } = stores;
  const now = () => clock.now();
  const visible = whenShown(stores.progress, { now, withinMs: config.stack.consistencyWaitMs, logger });
  const { ring } = keys;
  const { codec, writeSide, checks } = createWriter({
    ...{ context, log, keys, stores },
    settled: { sessions: visible, credentials: visible },
  });
  const identity = createIdentity({
    ...{ config, ring, clock, chance, refuseSignedBefore: 0 },
    credentials: stores.credentials,
    nonces: stores.nonces,
  });
  const { app, load, notices } = await createEdge({
    ...{ context, identity, ring, checks, rateLimiter, queueDepth: log.waiting },
    observations: stores.observations,
    idempotency: stores.idempotency,
    sections: ['credentials', 'sessions', 'discovery', 'feed', 'batch', 'rondevu', 'audit', 'admin', 'operations'],
  });
  const v1 = createV1(config.limits);
  const discover = createDiscoverQueries({ discovery: stores.discovery, now });
  const sessionQueries = createSessionQueries({ sessions: stores.sessions, now });
  const feedQueries = createFeedQueries({ feeds: stores.feeds, after: timers.after });
  await app.register(commandRoutes, commandDeps({ v1, config, writeSide, identity, now, rows: stores.sessions }));
  await app.register(
    queryRoutes,
    queryDeps({
      v1,
      config,
      notices,
      progress: stores.progress,
      discover,
      sessions: sessionQueries,
      feeds: feedQueries,
    }),
  );
  const { metrics } = telemetry;
  await app.register(gatewayRoutes, {
    ...{ v1, limits: config.limits, version, publicUrl: config.publicUrl, progress: stores.progress },
    consistencyWaitMs: config.stack.consistencyWaitMs,
    rondevu: createRpc({
      ...{ config, writeSide, identity, discover, sessionQueries, feedQueries, rateLimiter, clock, logger, metrics },
      ...{ credentials: stores.credentials, notices },
    }),
    healthy: async () => {
      const views = await stores.check().then(
        () => true,
        () => false,
      );
      return views && log.fault() === null;
    },
    liveSessions: () => sessionQueries.liveCount(),
  });
  const keyReport = createKeyReport(keys, stores.credentials, now);
  await app.register(recorderRoutes, {
    recorder: createRecorder({
      ...{ context, log, codec, keys, keyReport, index: stores.auditIndex, tiles: stores.tiles },
      history: { ...createLocator({ log, tiles: stores.tiles }), readBack: log.readBack },
      positions: stores.positions,
    }),
    admin: {
      erasure: createErasure({
        ...{ log, keys: keys.vault, index: stores.auditIndex, now, newId: () => chance.orderedUuid() },
        ...{ sessions: writeSide.sessions, credentials: writeSide.credentials, operations: writeSide.operations },
      }),
      ...{ vault: keys.vault, keyStore: keys.store, keyReport: () => keyReport(0) },
      ...{ now, contextOf: commandContext, recordOperation: writeSide.operations.record },
      contradiction: () => contradictionIn(stores.tiles, originOf(log.id)),
      rebuilds: options.rebuilds,
    },
  });
  await app.register(asyncApiRoute, { namespace: config.stack.namespace, version });
  await app.ready();
  await recordStart(context, 'gateway', writeSide.operations);
  return {
    app,
    close: async () => {
      await app.close();
      load.stop();
    },
  };
};
