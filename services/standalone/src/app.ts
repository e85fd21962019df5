import { commandRoutes } from '@signalbox/command';
import { createV1 } from '@signalbox/contracts';
import { createEventCodec } from '@signalbox/event-schemas';
import { createProjectionRunner, type EventLogWithLiveStreams } from '@signalbox/event-sourcing';
import { gatewayRoutes } from '@signalbox/gateway';
import { type App, createHttpApp, type IdempotencyStore } from '@signalbox/http';
import type { NonceStore } from '@signalbox/identity';
import { memoryRateLimiter } from '@signalbox/memory';
import { bindProjections, follow, type Resumed, resume } from '@signalbox/projector';
import { createDiscoverQueries, createFeedQueries, createSessionQueries } from '@signalbox/queries';
import { queryRoutes } from '@signalbox/query';
import type { Progress } from '@signalbox/read-models';
import {
  type Chance,
  type Clock,
  type Config,
  createLoadMonitor,
  type LoadSources,
  type Logger,
  type Supervised,
  supervise,
  type Telemetry,
  type Timers,
} from '@signalbox/runtime';
import { compensate, sweepRegularly } from '@signalbox/scheduler';
import { keyRing } from '@signalbox/vault';
import { observeGauges } from './gauges.ts';
import { guardedLog } from './guarded-log.ts';
import { createIdentity } from './identity.ts';
import { createReadSide } from './read-side.ts';
import { createRpc } from './rpc.ts';
import { sealedAnswers } from './sealed-answers.ts';
import { createWriteSide } from './write-side.ts';

export type StandaloneOptions = {
  /** With its secrets filled in. */
  readonly config: Config;
  readonly log: EventLogWithLiveStreams & {
    /** Null when the log can write; otherwise why not. */
    readonly fault: () => string | null;
    /** How many appends wait. */
    readonly waiting: () => number;
  };
  readonly nonces: NonceStore;
  readonly idempotency: IdempotencyStore;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  readonly load: LoadSources;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly version: string;
  readonly instance: string;
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

/** Wires every role into one process: no I/O of its own, all of it handed in. Reads what is alive, then starts. */
export const buildStandalone = async (options: StandaloneOptions): Promise<Standalone> => {
  const { config, log, clock, timers, chance, logger, telemetry, version } = options;
  const { metrics } = telemetry;
  const { lifetimes } = config;
  const now = () => clock.now();

  const ring = keyRing(
    config.secrets.masterKeys.map((key) => Buffer.from(key, 'hex')),
    chance,
  );
  const codec = createEventCodec();
  const readSide = createReadSide({ chance, epoch: log.id });
  const runner = createProjectionRunner({ codec, projections: bindProjections(readSide.views, { log, codec }) });
  const live = await log.readLive({ closedSince: now() - lifetimes.endedRetentionMs });
  readSide.feedsStartedFrom(live.since - 1);
  const resumed = await resume(live, runner);

  const guarded = guardedLog(log, { clock, metrics });
  const writeSide = createWriteSide({
    ...{ config, codec, readSide, ring, clock, chance },
    log: { readStream: (stream, range) => log.readStream(stream, range), append: guarded.append },
    settled: (position) => runner.reached(position),
  });
  const identity = createIdentity({
    ...{ config, readSide, ring, clock, chance },
    nonces: options.nonces,
    refuseSignedBefore: Math.max(now(), (live.recordedAt ?? 0) + 1),
  });
  const rateLimiter = memoryRateLimiter();
  const discover = createDiscoverQueries({ discovery: readSide.discovery, now });
  const sessionQueries = createSessionQueries({ sessions: readSide.sessions, now });
  const feedQueries = createFeedQueries({ feeds: readSide.feeds, after: timers.after });

  const background: readonly Supervised[] = [
    supervise({
      ...{ name: 'projector', timers, chance, logger, metrics },
      run: (signal) => follow(log, runner, { after: Math.max(resumed.position, runner.position), signal }),
    }),
    supervise({
      ...{ name: 'scheduler', timers, chance, logger, metrics },
      run: (signal, healthy) =>
        compensate(
          {
            ...{ due: readSide.dueTimes, sessions: writeSide.sessions, credentials: writeSide.credentials, now },
            after: timers.after,
            onEnded: (kind, lateMs) => {
              healthy();
              metrics.scheduledLate(kind, lateMs / 1_000);
            },
          },
          signal,
        ),
    }),
    supervise({
      ...{ name: 'sweeper', timers, chance, logger, metrics },
      run: (signal, healthy) =>
        sweepRegularly(
          {
            everyMs: lifetimes.sweepIntervalMs,
            targets: {
              sessions: (at) => readSide.forgetSessions(at - lifetimes.endedRetentionMs),
              credentials: (at) => readSide.credentials.forget(at - lifetimes.endedRetentionMs),
              nonces: () => identity.guard.sweep(),
              idempotencyRecords: (at) => options.idempotency.sweep(at),
              rateLimits: () => rateLimiter.sweep(clock.monotonic()),
              tokens: async (at) => identity.tokens.sweep(at),
            },
            operations: writeSide.operations,
            now,
            newSweepId: () => chance.orderedUuid(),
            after: timers.after,
            onSwept: (removed) => {
              healthy();
              for (const [kind, count] of Object.entries(removed)) metrics.swept(kind, count);
            },
          },
          signal,
        ),
    }),
  ];

  const logFault = async () => {
    const fault = log.fault();
    if (fault !== null) throw new Error(fault);
    if (guarded.refuses()) throw new Error('it failed repeatedly and is left alone for a moment');
  };
  const load = createLoadMonitor({ limits: config.load, queueDepth: log.waiting, clock, sources: options.load });
  const app = await createHttpApp({
    ...{ config, clock, timers, chance, logger, telemetry, version, load, rateLimiter },
    instance: options.instance,
    tls: options.tls,
    title: 'Signalbox',
    description: REFERENCE,
    sections: ['credentials', 'sessions', 'discovery', 'feed', 'batch', 'rondevu', 'operations'],
    authenticate: identity.authenticate,
    idempotency: sealedAnswers(options.idempotency, ring),
    checks: [
      { name: 'log', check: logFault },
      ...background.map((work) => ({
        name: work.name,
        check: async () => {
          const trouble = work.unhealthy();
          if (trouble !== null) throw new Error(`${work.name} ${trouble}`);
        },
      })),
    ],
    checkResponses: config.mode === 'development',
  });

  observeGauges(metrics, { app, log, readSide, runner, resumedAt: resumed.position, load, now });

  const v1 = createV1(config.limits);
  await app.register(commandRoutes, {
    v1,
    sessions: writeSide.sessions,
    credentials: writeSide.credentials,
    issueToken: (subject, scopes) => identity.tokens.issue({ subject, scopes, now: now() }),
    now,
    credentialTtlMs: {
      default: lifetimes.credentialTtlMs,
      max: Math.max(lifetimes.credentialTtlMs, MAX_CREDENTIAL_TTL_MS),
    },
    defaultGraceMs: lifetimes.rotationGraceMs,
  });
  await app.register(queryRoutes, {
    v1,
    discover,
    sessions: sessionQueries,
    feeds: feedQueries,
    progress: alwaysShown,
    consistencyWaitMs: config.timeouts.requestMs,
    maxFeedWaitMs: config.timeouts.longPollMaxMs,
    requestMs: config.timeouts.requestMs,
  });
  await app.register(gatewayRoutes, {
    v1,
    rondevu: createRpc({
      ...{ config, writeSide, identity, discover, sessionQueries, feedQueries, rateLimiter, clock, logger, metrics },
      credentials: readSide.credentials,
    }),
    limits: { maxBatch: config.limits.maxBatch, maxOperations: config.limits.maxOperations },
    version,
    publicUrl: config.publicUrl,
    healthy: async () => log.fault() === null && background.every((work) => work.unhealthy() === null),
    liveSessions: () => sessionQueries.liveCount(),
  });
  await app.ready();

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

const REFERENCE = `WebRTC signaling with a flight recorder. Begin with \`POST /v1/credentials\`, without a body: its answer holds a token for *Authorize*. Requests can be signed instead (RFC 9421). Errors are problems (RFC 9457); each code has a page under \`/problems\`.`;

const MAX_CREDENTIAL_TTL_MS = 10 * 365 * 24 * 3_600_000;
