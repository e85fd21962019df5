import { createEdge, createIdentity, type Keys, type Stores } from '@signalbox/assembly';
import { createV1 } from '@signalbox/contracts';
import type { App } from '@signalbox/http';
import { createDiscoverQueries, createFeedQueries, createSessionQueries } from '@signalbox/queries';
import type { ServiceContext } from '@signalbox/runtime';
import { queryDeps, queryRoutes } from './app.ts';

/** The process that answers queries: from the shared read models alone, without the log. */
export const buildQuery = async (options: {
  readonly context: ServiceContext;
  readonly keys: Keys;
  readonly stores: Pick<
    Stores,
    | 'credentials'
    | 'discovery'
    | 'sessions'
    | 'feeds'
    | 'progress'
    | 'observations'
    | 'nonces'
    | 'rateLimiter'
    | 'idempotency'
    | 'check'
  >;
}): Promise<{ readonly app: App; readonly close: () => Promise<void> }> => {
  const { context, keys, stores } = options;
  const { config, clock, chance, timers, telemetry } = context;
  const now = () => clock.now();
  const { ring } = keys;
  const identity = createIdentity({
    ...{ config, ring, clock, chance, refuseSignedBefore: 0 },
    credentials: stores.credentials,
    nonces: stores.nonces,
  });
  const { app, load, notices } = await createEdge({
    ...{ context, identity, ring, queueDepth: () => 0 },
    checks: [
      { name: 'views', check: stores.check },
      { name: 'keys', check: keys.check },
    ],
    rateLimiter: stores.rateLimiter,
    observations: stores.observations,
    idempotency: stores.idempotency,
    sections: ['sessions', 'discovery', 'feed', 'operations'],
  });
  telemetry.metrics.observe('openOffers', () => stores.discovery.openCount(now()));
  telemetry.metrics.observe('liveSessions', () => stores.sessions.liveCount(now()));
  await app.register(
    queryRoutes,
    queryDeps({
      ...{ v1: createV1(config.limits), config, notices, progress: stores.progress },
      discover: createDiscoverQueries({ discovery: stores.discovery, now }),
      sessions: createSessionQueries({ sessions: stores.sessions, now }),
      feeds: createFeedQueries({ feeds: stores.feeds, after: timers.after }),
    }),
  );
  await app.ready();
  return {
    app,
    close: async () => {
      await app.close();
      load.stop();
    },
  };
};
