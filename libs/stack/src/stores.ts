import { derivedUuid, recordedBefore, type Stores } from '@signalbox/assembly';
import { memoryObservations } from '@signalbox/memory';
import { BreakerOpen, createCircuitBreaker, type ServiceContext } from '@signalbox/runtime';
import {
  connectRedis,
  type Keyspace,
  type Rebuild,
  type RebuildReport,
  type Redis,
  redisAuditIndex,
  redisCredentials,
  redisDiscovery,
  redisDueTimes,
  redisFeeds,
  redisGenerations,
  redisIdempotencyStore,
  redisLogId,
  redisNonceStore,
  redisObservations,
  redisProgress,
  redisRateLimiter,
  redisRebuildRequests,
  redisSessionQuota,
  redisSessions,
  redisTileStore,
  redisTurns,
  redisWholeness,
  ViewsUnavailable,
} from '@signalbox/views-redis';

/** The read models of one generation: what projections write, and what queries read. */
const readSideOf = (keyspace: Keyspace, { chance }: Pick<ServiceContext, 'chance'>) => {
  const discovery = redisDiscovery(keyspace, { chance });
  const sessions = redisSessions(keyspace);
  const credentials = redisCredentials(keyspace);
  const { view: feedsView, feeds } = redisFeeds(keyspace, { logId: redisLogId(keyspace.redis).get });
  const { sessions: sessionDueTimes, credentials: credentialDueTimes, dueTimes } = redisDueTimes(keyspace);
  const recorded = redisAuditIndex(keyspace);
  const views = { discovery, sessions, credentials, feeds: feedsView, sessionDueTimes, credentialDueTimes, recorded };
  return { views, recorded, discovery, sessions, credentials, feeds, sessionDueTimes, credentialDueTimes, dueTimes };
};

type ReadSide = ReturnType<typeof readSideOf>;

/** Of each view the newest event that it took; what other partitions have for it may be older. */
const positionsOf = async ({ views, recorded }: ReadSide): Promise<ReadonlyMap<string, number>> => {
  const named = {
    discovery: views.discovery.checkpoint(),
    sessions: views.sessions.checkpoint(),
    feeds: views.feeds.checkpoint(),
    credentials: views.credentials.checkpoint(),
    'due sessions': views.sessionDueTimes.checkpoint(),
    'due credentials': views.credentialDueTimes.checkpoint(),
    'audit index': recorded.index.position(),
  };
  const entries = Object.entries(named).map(async ([name, position]) => [name, await position] as const);
  return new Map(await Promise.all(entries));
};

/** In every view; answers with how many sessions those were. */
const forgetSessions = async (readSide: ReadSide, endedBefore: number): Promise<number> => {
  const { discovery, feeds, sessionDueTimes, sessions } = readSide;
  for (const view of [discovery, feeds, sessionDueTimes]) await view.forget(endedBefore);
  return sessions.forget(endedBefore);
};

const forgetCredentials = async ({ credentialDueTimes, credentials }: ReadSide, endedBefore: number) => {
  await credentialDueTimes.forget(endedBefore);
  return credentials.forget(endedBefore);
};

const forgetOld = async (readSide: ReadSide, endedBefore: number): Promise<void> => {
  await forgetSessions(readSide, endedBefore);
  await forgetCredentials(readSide, endedBefore);
};

/** All read models are built together: they show one log. */
export type Rebuilds = ReturnType<typeof rebuildsOver>;

export type OpenedStores = {
  readonly stores: Stores;
  /** What a scheduler forgets. */
  readonly forgetting: {
    readonly sessions: (endedBefore: number) => Promise<number>;
    readonly credentials: (endedBefore: number) => Promise<number>;
    readonly recorded: (endedBefore: number) => Promise<number>;
    readonly turn: (name: string, expiresAt: number) => Promise<boolean>;
  };
  /** What an operator can have built anew. */
  readonly rebuilds: Rebuilds;
  /** What a projector fills, from the log of this id. */
  readonly readModelsOf: (logId: string) => ReadModels;
  readonly close: () => Promise<void>;
};

export type ReadModels = ReturnType<typeof readModels>;

/** Everything of the stack that is kept in Redis. */
export const openStores = async (context: ServiceContext): Promise<OpenedStores> => {
  const { config, clock, timers, chance, logger, instance } = context;
  const { lifetimes, limits } = config;
  const connection = await connectRedis({
    url: config.stack.redisUrl ?? '',
    namespace: config.stack.namespace,
    instance: `${instance}-${chance.uuid()}`,
    onTrouble: (error) => logger.warn({ err: error }, 'trouble with the store of the read models'),
  });
  const redis = guarded(connection, context);
  const now = () => clock.now();
  const generations = redisGenerations({ redis, now, after: timers.after, newGeneration: () => chance.uuid() });
  const live = readSideOf(generations.live, context);
  const progress = redisProgress(generations.live, {
    ...{ retentionMs: lifetimes.endedRetentionMs, after: timers.after, monotonic: () => clock.monotonic() },
  });
  const observations = redisObservations({ redis, local: memoryObservations(), now, after: timers.after });
  const check = async () => {
    await redis.ping();
    if ((await generations.current()) === null) throw new Error('There are no read models yet.');
  };
  return {
    stores: {
      ...{
        progress,
        observations,
        check,
        discovery: live.discovery,
        sessions: live.sessions,
        credentials: live.credentials,
      },
      ...{ feeds: live.feeds, dueTimes: live.dueTimes },
      quota: redisSessionQuota(generations.live, {
        ...{ maxPerIdentity: limits.maxSessionsPerIdentity, max: limits.maxSessions, after: timers.after },
      }),
      tiles: redisTileStore({ redis }),
      auditIndex: live.recorded.index,
      positions: () => positionsOf(live),
      nonces: redisNonceStore({ redis, now, windowMs: lifetimes.timestampWindowMs }),
      rateLimiter: redisRateLimiter({ redis, timeOf: 'server' }),
      idempotency: redisIdempotencyStore({
        redis,
        deriveId: (text) => derivedUuid('idempotency', text, 0),
        ...{ leaseMs: 3_000, after: timers.after },
      }),
    },
    forgetting: {
      sessions: (endedBefore) => forgetSessions(live, endedBefore),
      recorded: (endedBefore) => live.recorded.forget(endedBefore),
      credentials: (endedBefore) => forgetCredentials(live, endedBefore),
      turn: redisTurns(redis),
    },
    rebuilds: rebuildsOver(redis, () => chance.uuid()),
    readModelsOf: (logId) => readModels({ redis, generations, live: live.views, context, logId, check }),
    close: async () => {
      await observations.close();
      await redis.close();
    },
  };
};

const ALL = 'all';

/** What is known of a rebuild whose process has said nothing more. */
const SILENT: RebuildReport = { state: 'failed', events: 0, position: 0, head: 0 };

const rebuildsOver = (redis: Redis, newId: () => string) => {
  const requests = redisRebuildRequests(redis);
  return {
    names: [ALL],
    begin: async (): Promise<string> => {
      const [report, id] = [await requests.latest(), await requests.latestId()];
      if (id !== null && report?.state === 'running') return id;
      // One that waits is asked for again: who took it up may have ended before it began.
      const rebuildId = id !== null && report?.state === 'waiting' ? id : newId();
      await requests.ask(rebuildId);
      return rebuildId;
    },
    find: async (name: string, rebuildId: string) => {
      if (name !== ALL || (await requests.latestId()) !== rebuildId) return undefined;
      return { rebuildId, name, ...((await requests.latest()) ?? SILENT) };
    },
  };
};

/** How often in a row Redis may fail to answer in time before it is left alone, and for how long. */
const THRESHOLD = 5;
const OPEN_MS = 1_000;

/**
 * The connection behind a circuit breaker (L3): one that is up but does not answer would hold every request for as long
 * as a command may take.
 */
const guarded = (redis: Redis, { clock, telemetry }: Pick<ServiceContext, 'clock' | 'telemetry'>): Redis => {
  const breaker = createCircuitBreaker({
    ...{ name: 'Redis', threshold: THRESHOLD, openMs: OPEN_MS, clock },
    isFault: (error) => error instanceof ViewsUnavailable,
  });
  telemetry.metrics.observe('breakerOpen', () => (breaker.state === 'closed' ? 0 : 1), 'views');
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await breaker.run(work);
    } catch (error) {
      if (!(error instanceof BreakerOpen)) throw error;
      throw new ViewsUnavailable('Redis failed repeatedly and is left alone for a moment', { cause: error });
    }
  };
  return {
    ...redis,
    send: (...command) => run(() => redis.send(...command)),
    run: (script, args) => run(() => redis.run(script, args)),
  };
};

const readModels = (parts: {
  readonly redis: Redis;
  readonly generations: ReturnType<typeof redisGenerations>;
  readonly live: ReturnType<typeof readSideOf>['views'];
  readonly context: ServiceContext;
  readonly logId: string;
  readonly check: () => Promise<void>;
}) => {
  const { redis, generations, live, context, logId, check } = parts;
  const wholeness = redisWholeness(generations.live);
  const requests = redisRebuildRequests(redis);

  const newViews = (rebuild: Rebuild, fresh: ReadSide) => ({
    views: fresh.views,
    signal: rebuild.signal,
    seal: () => rebuild.seal(),
    switchTo: async (position: number) => {
      await redisLogId(redis).set(logId);
      await redisWholeness(rebuild.keyspace).begin(position);
      await rebuild.switchTo();
    },
    giveUp: () => rebuild.giveUp(),
  });

  return {
    ...{ live, repaired: readSideOf(generations.repaired, context).views, check },
    exist: async () => (await generations.current()) !== null,
    begin: async () => {
      const rebuild = await generations.begin();
      if (rebuild === null) return null;
      const fresh = readSideOf(rebuild.keyspace, context);
      try {
        // What ended before this is not kept at all, so that a long history does not have to fit.
        const { lifetimes } = context.config;
        await forgetOld(fresh, context.clock.now() - lifetimes.endedRetentionMs);
        await fresh.recorded.forget(recordedBefore(lifetimes, context.clock.now()));
      } catch (error) {
        await rebuild.giveUp(); // or the lock would be renewed for ever, for a rebuild that nobody does
        throw error;
      }
      return newViews(rebuild, fresh);
    },
    dropOthers: () => generations.dropOthers(),
    lostAfter: async () => {
      const runId = await wholeness.runId();
      const position = await wholeness.lostAfter();
      return position === null ? null : { position, restored: (upTo: number) => wholeness.isWhole(runId, upTo) };
    },
    isRebuildWanted: () => requests.take(),
    requestedAs: () => requests.latestId(),
    report: (state: RebuildReport['state'], progress: Omit<RebuildReport, 'state'>) =>
      requests.report({ state, ...progress }),
    reached: (partition: number, position: number) => wholeness.reached(partition, position),
  };
};
