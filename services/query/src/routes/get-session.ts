import { callerOf } from '@signalbox/http';
import type { QueryRoute } from '../app.ts';
import { sendUnlessFound } from '../parties.ts';
import { presentSession } from '../present.ts';

export const getSession: QueryRoute = async (app, { v1, sessions, notices }) => {
  app.route({
    method: 'GET',
    url: '/v1/sessions/:sessionId',
    config: { access: 'caller', rate: 'read' },
    schema: {
      summary: 'A session, for its two parties',
      tags: ['sessions'],
      params: v1.sessionPath,
      response: { 200: v1.getSession.answer },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const answer = await sessions.find(caller, request.params.sessionId);
      if (answer.kind !== 'found') return sendUnlessFound(reply, answer);
      notices.read(caller, answer.session);
      return reply.code(200).send(presentSession(answer.session, caller));
    },
  });
};
