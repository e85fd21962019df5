import { callerOf, writesHeader } from '@signalbox/http';
import type { CommandRoute } from '../app.ts';
import { SESSION_BODY } from '../body-bounds.ts';
import { commandContext } from '../context.ts';
import { sendRefusal } from '../refusals.ts';

export const answerOffer: CommandRoute = async (app, { v1, sessions }) => {
  app.route({
    method: 'POST',
    url: '/v1/sessions/:sessionId/answer',
    config: { access: 'caller', rate: 'write', idempotent: true, maxBodyBytes: SESSION_BODY },
    schema: {
      summary: 'Answer an offer; exactly one answer wins',
      tags: ['sessions'],
      params: v1.sessionPath,
      body: v1.answer.body,
      response: { 201: v1.answer.answer },
    },
    handler: async (request, reply) => {
      const { sessionId } = request.params;
      const { sdp, matchedTags = null } = request.body;
      const answer = { sdp, matchedTags, keepsLifetime: false };
      const result = await sessions.answer(callerOf(request), sessionId, answer, commandContext(request));
      if (result.kind === 'refused') return sendRefusal(reply, result.refusal);
      writesHeader(reply, result.writes);
      return reply.code(201).send({ sessionId, ...result.value });
    },
  });
};
