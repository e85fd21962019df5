import { noContent, problemResponses, setConsistency } from '@signalbox/http';
import type { CommandRoute } from '../app.ts';
import { callerOf } from '../caller.ts';
import { commandContext } from '../context.ts';
import { sendRefusal } from '../refusals.ts';

export const withdrawSession: CommandRoute = async (app, { v1, sessions }) => {
  app.route({
    method: 'DELETE',
    url: '/v1/sessions/:sessionId',
    config: { access: 'caller', rate: 'write', idempotent: true },
    schema: {
      summary: 'Withdraw an own session',
      tags: ['sessions'],
      params: v1.sessionPath,
      response: { 204: noContent, ...problemResponses(400, 401, 403, 404, 409, 410, 422, 429, 503) },
    },
    handler: async (request, reply) => {
      const { sessionId } = request.params;
      const result = await sessions.withdraw(callerOf(request), sessionId, 'withdrawn', commandContext(request));
      if (result.kind === 'refused') return sendRefusal(reply, result.refusal);
      setConsistency(reply, result.writes);
      return reply.code(204).send();
    },
  });
};
