import type { V1 } from '@signalbox/contracts';
import type { DiscoverQueries, FeedQueries, Notices, SessionQueries } from '@signalbox/queries';
import type { Progress } from '@signalbox/read-models';
import type { Config } from '@signalbox/runtime';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { waitForConsistency } from './consistency.ts';
import { countTags } from './routes/count-tags.ts';
import { discover } from './routes/discover.ts';
import { getCandidates } from './routes/get-candidates.ts';
import { getSession } from './routes/get-session.ts';
import { readFeed } from './routes/read-feed.ts';

export type QueryDeps = {
  readonly v1: V1;
  readonly discover: DiscoverQueries;
  readonly sessions: SessionQueries;
  readonly feeds: FeedQueries;
  readonly notices: Pick<Notices, 'discovered' | 'delivered' | 'read'>;
  readonly progress: Progress;
  /** How long a query waits for what its consistency token stands for. */
  readonly consistencyWaitMs: number;
  readonly maxFeedWaitMs: number;
  /** How long any request may take, beyond a wait that it asked for. */
  readonly requestMs: number;
};

/** What the routes need, of the parts that a process has. */
export const queryDeps = (
  parts: Pick<QueryDeps, 'v1' | 'discover' | 'sessions' | 'feeds' | 'notices' | 'progress'> & {
    readonly config: Pick<Config, 'stack' | 'timeouts'>;
  },
): QueryDeps => {
  const { config, ...given } = parts;
  return {
    ...given,
    consistencyWaitMs: config.stack.consistencyWaitMs,
    maxFeedWaitMs: config.timeouts.longPollMaxMs,
    requestMs: config.timeouts.requestMs,
  };
};

export type QueryRoute = FastifyPluginAsyncZod<QueryDeps>;

/** HTTP v1, the reading half. */
export const queryRoutes: QueryRoute = async (app, deps) => {
  app.addHook('preHandler', waitForConsistency(deps));
  for (const route of [discover, countTags, getSession, getCandidates, readFeed]) await app.register(route, deps);
};
