import { callerOf, writesHeader } from '@signalbox/http';
import { z } from 'zod';
import type { CommandRoute } from '../app.ts';
import { SMALL_BODY } from '../body-bounds.ts';
import { commandContext } from '../context.ts';
import { sendRefusal } from '../refusals.ts';

export const withdrawSession: CommandRoute = async (app, { v1, sessions }) => {
  app.route({
    method: 'DELETE',
    url: '/v1/sessions/:sessionId',
    config: { access: 'caller', rate: 'write', idempotent: true, maxBodyBytes: SMALL_BODY },
    schema: {
      summary: 'Withdraw an own session',
      tags: ['sessions'],
      params: v1.sessionPath,
      response: { 204: z.null().meta({ description: 'Done.' }) },
    },
    handler: async (request, reply) => {
      const { sessionId } = request.params;
      const result = await sessions.withdraw(callerOf(request), sessionId, 'withdrawn', commandContext(request));
      if (result.kind === 'refused') return sendRefusal(reply, result.refusal);
      writesHeader(reply, result.writes);
      return reply.code(204).send(null);
    },
  });
};
