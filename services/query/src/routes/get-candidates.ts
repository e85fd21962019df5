import { callerOf, sendProblem } from '@signalbox/http';
import type { QueryRoute } from '../app.ts';
import { sendUnlessFound } from '../parties.ts';
import { presentCandidates } from '../present.ts';

/** Items of one session at a time: more than any session can have, with 50 candidates a role. */
const MAX_ITEMS = 1_000;

export const getCandidates: QueryRoute = async (app, { v1, sessions, feeds, notices }) => {
  app.route({
    method: 'GET',
    url: '/v1/sessions/:sessionId/candidates',
    config: { access: 'caller', rate: 'poll' },
    schema: {
      summary: 'The other party’s ICE candidates',
      tags: ['sessions'],
      params: v1.sessionPath,
      querystring: v1.getCandidates.query,
      response: { 200: v1.getCandidates.answer },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const { sessionId } = request.params;
      const found = await sessions.find(caller, sessionId);
      if (found.kind !== 'found') return sendUnlessFound(reply, found);
      const { cursor = null } = request.query;
      const answer = await feeds.readSession(caller, sessionId, { cursor, limit: MAX_ITEMS });
      if (answer === 'invalid_cursor') return sendProblem(reply, 'INVALID_CURSOR');
      const items = answer.items.filter(({ delivered }) => delivered.type === 'candidates');
      notices.delivered(caller, items);
      return reply.code(200).send({ candidates: presentCandidates(items), cursor: answer.cursor });
    },
  });
};
