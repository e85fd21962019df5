import { callerOf, sendProblem } from '@signalbox/http';
import type { QueryRoute } from '../app.ts';
import { presentItem } from '../present.ts';

export const readFeed: QueryRoute = async (app, { v1, feeds, notices, maxFeedWaitMs, requestMs }) => {
  app.route({
    method: 'GET',
    url: '/v1/feed',
    config: { access: 'caller', rate: 'poll', deadlineMs: maxFeedWaitMs + requestMs },
    schema: {
      summary: 'What happened to the caller’s sessions, by cursor; `Prefer: wait=25` holds an empty answer back',
      tags: ['feed'],
      querystring: v1.feed.query,
      response: { 200: v1.feed.answer },
    },
    handler: async (request, reply) => {
      const { cursor = null, limit } = request.query;
      const waitMs = Math.min(waitOf(request.headers.prefer), maxFeedWaitMs);
      const signal = AbortSignal.any([request.gone, app.closing]);
      const caller = callerOf(request);
      const answer = await feeds.read(caller, { cursor, limit, waitMs, signal });
      if (answer === 'invalid_cursor') return sendProblem(reply, 'INVALID_CURSOR');
      if (waitMs > 0) reply.header('preference-applied', `wait=${Math.floor(waitMs / 1_000)}`);
      notices.delivered(caller, answer.items);
      return reply
        .code(200)
        .header('cache-control', 'no-store')
        .send({ items: answer.items.map(presentItem), cursor: answer.cursor, recovered: answer.recovered });
    },
  });
};

/** `Prefer: wait=<seconds>` (RFC 7240) in milliseconds; 0 without one. */
const waitOf = (prefer: string | string[] | undefined): number => {
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,4})"?/i.exec([prefer ?? ''].flat().join(','));
  return match ? Number(match[1]) * 1_000 : 0;
};
