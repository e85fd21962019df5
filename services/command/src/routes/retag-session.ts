import { callerOf, writesHeader } from '@signalbox/http';
import type { CommandRoute } from '../app.ts';
import { SMALL_BODY } from '../body-bounds.ts';
import { commandContext } from '../context.ts';
import { sendRefusal } from '../refusals.ts';

export const retagSession: CommandRoute = async (app, { v1, sessions }) => {
  app.route({
    method: 'PATCH',
    url: '/v1/sessions/:sessionId',
    config: { access: 'caller', rate: 'write', idempotent: true, maxBodyBytes: SMALL_BODY },
    schema: {
      summary: 'Change the tags of an own session',
      tags: ['sessions'],
      params: v1.sessionPath,
      body: v1.retag.body,
      response: { 200: v1.retag.answer },
    },
    handler: async (request, reply) => {
      const { sessionId } = request.params;
      const { tags } = request.body;
      const result = await sessions.retag(callerOf(request), sessionId, tags, commandContext(request));
      if (result.kind === 'refused') return sendRefusal(reply, result.refusal);
      writesHeader(reply, result.writes);
      return reply.code(200).send({ sessionId, tags });
    },
  });
};
