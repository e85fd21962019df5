import {
  createEdge,
  createIdentity,
  createKeyReport,
  createKeys,
  createRpc,
  createWriteSide,
  faultCheck,
  guardedLog,
  internalContext,
  notaryWork,
  observeKeyStore,
  recordedBefore,
  recordStart,
  refuseLostKeys,
  settleKeys,
  tellOldKeys,
  workChecks,
} from '@signalbox/assembly';
import { commandContext, commandDeps, commandRoutes } from '@signalbox/command';
import { createErasure, type Settled } from '@signalbox/commands';
import { createV1 } from '@signalbox/contracts';
import { createEventCodec } from '@signalbox/event-schemas';
import { createProjectionRunner, type EventLogWithLiveStreams } from '@signalbox/event-sourcing';
import { contradictionIn, originOf, type TileStore } from '@signalbox/evidence';
import { createRecorder, gatewayRoutes, type History, recorderRoutes } from '@signalbox/gateway';
import type { App, IdempotencyStore } from '@signalbox/http';
import type { NonceStore } from '@signalbox/identity';
import { memoryObservations, memoryRateLimiter, memorySessionQuota } from '@signalbox/memory';
import {
  bindProjections,
  bindRecorded,
  follow,
  followInBatches,
  type RecordedViews,
  type Resumed,
  resume,
} from '@signalbox/projector';
import { createDiscoverQueries, createFeedQueries, createSessionQueries } from '@signalbox/queries';
import { queryDeps, queryRoutes } from '@signalbox/query';
import type { AuditIndex, Forgets, Progress } from '@signalbox/read-models';
import { pause, type ServiceContext, type Supervised, supervise } from '@signalbox/runtime';
import { schedulerWork } from '@signalbox/scheduler';
import type { KeyStore } from '@signalbox/vault';
import { observeGauges } from './gauges.ts';
import { createReadSide } from './read-side.ts';
import { createRebuilds } from './rebuilds.ts';
import { switchableReadSide } from './switchable-read-side.ts';

export type RecorderStores = {
  readonly tiles: TileStore;
  readonly recorded: RecordedViews & Forgets & { readonly index: AuditIndex };
};

export type StandaloneOptions = Omit<ServiceContext, 'madeKeys'> & {
  readonly log: EventLogWithLiveStreams & {
    /** Null when the log can write; otherwise why not. */
    readonly fault: () => string | null;
    /** How many appends wait. */
    readonly waiting: () => number;
  } & History;
  /** What makes the past quick to find and to prove. All of it can be made again from the log. */
  readonly recorder: RecorderStores;
  readonly keyStore: KeyStore;
  readonly nonces: NonceStore;
  readonly idempotency: IdempotencyStore;
};

export type Standalone = {
  /** Ready to listen. */
  readonly app: App;
  /** What the start read of the log. */
  readonly resumed: Resumed;
  /** Stops the background work and the application, in order. The log and the telemetry are the caller's to close. */
  readonly close: () => Promise<void>;
};

/** Standalone answers a command when the read models show it, so whatever a token can stand for is there. */
const alwaysShown: Progress = { shows: async () => true };

/** How long the audit index lets events come together. */
const AUDIT_REST_MS = 100;

/** Wires every role into one process: no I/O of its own, all of it handed in. Reads what is alive, then starts. */
export const buildStandalone = async (options: StandaloneOptions): Promise<Standalone> => {
  const { config, log, clock, timers, chance, logger, telemetry, version } = options;
  const { metrics } = telemetry;
  const { lifetimes } = config;
  const now = () => clock.now();

  await refuseLostKeys(options.keyStore, log);
  const keys = await createKeys(options, options.keyStore);
  await settleKeys(keys, log, options);
  await tellOldKeys(keys, log, options);
  const { vault, ring } = keys;
  const codec = createEventCodec(vault);
  const readSide = switchableReadSide({
    ...{ log, codec, make: () => createReadSide({ chance, epoch: log.id }) },
    bind: (views) => bindProjections(views, { log, codec }),
  });
  const runner = createProjectionRunner({ codec, projections: [readSide.projection] });
  const live = await log.readLive({ closedSince: now() - lifetimes.endedRetentionMs });
  readSide.feedsStartedFrom(live.since - 1);
  const resumed = await resume(live, runner);

  const settled: Settled = ({ position }) => runner.reached(position);
  const guarded = guardedLog(log, { clock, metrics });
  const writeSide = createWriteSide({
    ...{ config, codec, ring, clock, chance },
    credentials: readSide.credentials,
    quota: memorySessionQuota({
      sessions: readSide.sessions,
      maxPerIdentity: config.limits.maxSessionsPerIdentity,
      max: config.limits.maxSessions,
    }),
    log: { readStream: (stream, range) => log.readStream(stream, range), append: guarded.append },
    settled: { sessions: settled, credentials: settled },
  });
  const identity = createIdentity({
    ...{ config, ring, clock, chance },
    credentials: readSide.credentials,
    nonces: options.nonces,
    refuseSignedBefore: Math.max(now(), (live.recordedAt ?? 0) + 1),
  });
  const rateLimiter = memoryRateLimiter();
  const observations = memoryObservations();
  const discover = createDiscoverQueries({ discovery: readSide.discovery, now });
  const sessionQueries = createSessionQueries({ sessions: readSide.sessions, now });
  const feedQueries = createFeedQueries({ feeds: readSide.feeds, after: timers.after });

  const { tiles, recorded } = options.recorder;
  const recordedRunner = createProjectionRunner({ codec, projections: bindRecorded(recorded, { log, codec }) });
  const notary = notaryWork({ context: options, log, tiles, operations: writeSide.operations });
  const background: readonly Supervised[] = [
    notary,
    supervise({
      ...{ name: 'audit index', timers, chance, logger, metrics },
      run: async (signal) =>
        followInBatches(log, recordedRunner, {
          after: await recorded.index.position(),
          signal,
          rest: () => pause(timers, AUDIT_REST_MS, signal),
        }),
    }),
    supervise({
      ...{ name: 'projector', timers, chance, logger, metrics },
      run: (signal) => follow(log, runner, { after: Math.max(resumed.position, runner.position), signal }),
    }),
    ...schedulerWork({
      ...{ context: options, writeSide, observations, due: readSide.dueTimes, sessions: readSide.sessions },
      retention: {
        ...{ keys: vault, log, index: recorded.index, isMine: async () => true },
        settle: (signal) => settleKeys(keys, log, options, signal),
      },
      lastRecordedAt: live.recordedAt,
      isMine: async () => true,
      targets: {
        sessions: async (at) => {
          await recorded.forget(recordedBefore(lifetimes, at));
          return readSide.forgetSessions(at - lifetimes.endedRetentionMs);
        },
        credentials: (at) => readSide.credentials.forget(at - lifetimes.endedRetentionMs),
        nonces: () => identity.guard.sweep(),
        idempotencyRecords: (at) => options.idempotency.sweep(at),
        rateLimits: () => rateLimiter.sweep(clock.monotonic()),
        tokens: async (at) => identity.tokens.sweep(at),
      },
    }),
  ];

  const { app, load, notices } = await createEdge({
    ...{ context: options, identity, ring, rateLimiter, observations, queueDepth: log.waiting },
    idempotency: options.idempotency,
    sections: [...['credentials', 'sessions', 'discovery', 'feed', 'batch', 'rondevu', 'audit', 'admin', 'operations']],
    checks: [
      faultCheck('log', () => log.fault() ?? (guarded.refuses() ? 'it failed repeatedly and is left alone' : null)),
      { name: 'keys', check: keys.check },
      ...workChecks(background),
    ],
  });
  observeKeyStore(metrics, keys.store);
  observeGauges(metrics, { log, readSide, runner, resumedAt: resumed.position, now });

  const v1 = createV1(config.limits);
  await app.register(commandRoutes, commandDeps({ v1, config, writeSide, identity, now, rows: readSide.sessions }));
  await app.register(
    queryRoutes,
    queryDeps({ v1, config, notices, progress: alwaysShown, discover, sessions: sessionQueries, feeds: feedQueries }),
  );
  await app.register(gatewayRoutes, {
    ...{ v1, limits: config.limits, version, publicUrl: config.publicUrl, progress: alwaysShown },
    consistencyWaitMs: config.stack.consistencyWaitMs,
    rondevu: createRpc({
      ...{ config, writeSide, identity, discover, sessionQueries, feedQueries, rateLimiter, clock, logger, metrics },
      ...{ credentials: readSide.credentials, notices },
    }),
    healthy: async () => log.fault() === null && background.every((work) => work.unhealthy() === null),
    liveSessions: () => sessionQueries.liveCount(),
  });
  const keyReport = createKeyReport(keys, readSide.credentials, now);
  await app.register(recorderRoutes, {
    recorder: createRecorder({
      ...{ context: options, log, history: log, codec, keys, keyReport, index: recorded.index, tiles },
      positions: async () =>
        new Map([
          ['live', Math.max(runner.position, resumed.position)],
          ['audit index', await recorded.index.position()],
        ]),
    }),
    admin: {
      erasure: createErasure({
        ...{ log, keys: vault, index: recorded.index, now, newId: () => chance.orderedUuid() },
        ...{ sessions: writeSide.sessions, credentials: writeSide.credentials, operations: writeSide.operations },
      }),
      ...{ vault, keyStore: keys.store, keyReport: () => keyReport(0) },
      ...{ now, contextOf: commandContext, recordOperation: writeSide.operations.record },
      contradiction: () => contradictionIn(tiles, originOf(log.id)),
      rebuilds: createRebuilds({
        ...{ readSide, now, endedRetentionMs: lifetimes.endedRetentionMs, newId: () => chance.orderedUuid() },
        onDone: ({ head: _, ...data }) =>
          writeSide.operations.record(
            { type: 'ReadModelRebuilt', data },
            internalContext('system:rebuild', data.rebuildId),
          ),
        onFault: (error) => logger.error({ err: error }, 'the read models could not be built anew'),
      }),
    },
  });
  await app.ready();
  await recordStart(options, 'standalone', writeSide.operations);

  return {
    app,
    resumed,
    close: async () => {
      await app.close();
      for (const work of [...background].reverse()) await work.stop();
      load.stop();
    },
  };
};
