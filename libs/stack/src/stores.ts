import { derivedUuid, type Stores } from '@signalbox/assembly';
import type { ServiceContext } from '@signalbox/runtime';
import {
  connectRedis,
  type Keyspace,
  type Rebuild,
  type RebuildReport,
  type Redis,
  redisCredentials,
  redisDiscovery,
  redisDueTimes,
  redisFeeds,
  redisGenerations,
  redisIdempotencyStore,
  redisLogId,
  redisNonceStore,
  redisProgress,
  redisRateLimiter,
  redisRebuildRequests,
  redisSessionQuota,
  redisSessions,
  redisTurns,
  redisWholeness,
} from '@signalbox/views-redis';

/** The read models of one generation: what projections write, and what queries read. */
const readSideOf = (keyspace: Keyspace, { chance }: Pick<ServiceContext, 'chance'>) => {
  const discovery = redisDiscovery(keyspace, { chance });
  const sessions = redisSessions(keyspace);
  const credentials = redisCredentials(keyspace);
  const { view: feedsView, feeds } = redisFeeds(keyspace, { logId: redisLogId(keyspace.redis).get });
  const { sessions: sessionDueTimes, credentials: credentialDueTimes, dueTimes } = redisDueTimes(keyspace);
  const views = { discovery, sessions, credentials, feeds: feedsView, sessionDueTimes, credentialDueTimes };
  return { views, discovery, sessions, credentials, feeds, sessionDueTimes, credentialDueTimes, dueTimes };
};

export type OpenedStores = {
  readonly stores: Stores;
  /** What a scheduler forgets. */
  readonly forgetting: {
    readonly sessions: (endedBefore: number) => Promise<number>;
    readonly credentials: (endedBefore: number) => Promise<number>;
    readonly turn: (name: string, expiresAt: number) => Promise<boolean>;
  };
  /** What a projector fills, from the log of this id. */
  readonly readModelsOf: (logId: string) => ReadModels;
  readonly close: () => Promise<void>;
};

export type ReadModels = ReturnType<typeof readModels>;

/** Everything of the stack that is kept in Redis. */
export const openStores = async (context: ServiceContext): Promise<OpenedStores> => {
  const { config, clock, timers, chance, logger, instance } = context;
  const { lifetimes, limits, timeouts } = config;
  const redis = await connectRedis({
    url: config.stack.redisUrl ?? '',
    namespace: config.stack.namespace,
    instance: `${instance}-${chance.uuid()}`,
    onTrouble: (error) => logger.warn({ err: error }, 'trouble with the store of the read models'),
  });
  const now = () => clock.now();
  const generations = redisGenerations({ redis, now, after: timers.after, newGeneration: () => chance.uuid() });
  const live = readSideOf(generations.live, context);
  const progress = redisProgress(generations.live, {
    ...{ retentionMs: lifetimes.endedRetentionMs, after: timers.after, monotonic: () => clock.monotonic() },
  });
  const check = async () => {
    await redis.ping();
    if ((await generations.current()) === null) throw new Error('There are no read models yet.');
  };
  const forgetAll = async (views: readonly { forget(endedBefore: number): Promise<number> }[], endedBefore: number) => {
    for (const view of views) await view.forget(endedBefore);
  };
  return {
    stores: {
      ...{ progress, check, discovery: live.discovery, sessions: live.sessions, credentials: live.credentials },
      ...{ feeds: live.feeds, dueTimes: live.dueTimes },
      quota: redisSessionQuota(generations.live, {
        ...{ progress, maxPerIdentity: limits.maxSessionsPerIdentity, max: limits.maxSessions },
      }),
      nonces: redisNonceStore({ redis, now, windowMs: lifetimes.timestampWindowMs }),
      rateLimiter: redisRateLimiter({ redis, timeOf: 'server' }),
      idempotency: redisIdempotencyStore({
        redis,
        deriveId: (text) => derivedUuid('idempotency', text, 0),
        leaseMs: 2 * timeouts.requestMs,
      }),
    },
    forgetting: {
      sessions: async (endedBefore) => {
        await forgetAll([live.discovery, live.feeds, live.sessionDueTimes], endedBefore);
        return live.sessions.forget(endedBefore);
      },
      credentials: async (endedBefore) => {
        await forgetAll([live.credentialDueTimes], endedBefore);
        return live.credentials.forget(endedBefore);
      },
      turn: redisTurns(redis),
    },
    readModelsOf: (logId) => readModels({ redis, generations, live: live.views, context, logId, check }),
    close: () => redis.close(),
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

  const newViews = (rebuild: Rebuild) => ({
    views: readSideOf(rebuild.keyspace, context).views,
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
    ...{ live, check },
    exist: async () => (await generations.current()) !== null,
    begin: async () => {
      const rebuild = await generations.begin();
      return rebuild === null ? null : newViews(rebuild);
    },
    dropOthers: () => generations.dropOthers(),
    lostAfter: async () => {
      const runId = await wholeness.runId();
      const position = await wholeness.lostAfter();
      return position === null ? null : { position, restored: () => wholeness.isWhole(runId) };
    },
    isRebuildWanted: () => requests.take(),
    report: (state: RebuildReport['state'], progress: Omit<RebuildReport, 'state'>) =>
      requests.report({ state, ...progress }),
    reached: (partition: number, position: number) => wholeness.reached(partition, position),
  };
};
