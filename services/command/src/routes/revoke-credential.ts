import { callerOf, sendProblem, writesHeader } from '@signalbox/http';
import { z } from 'zod';
import type { CommandRoute } from '../app.ts';
import { SMALL_BODY } from '../body-bounds.ts';
import { commandContext } from '../context.ts';
import { sendRefusal } from '../refusals.ts';

export const revokeCredential: CommandRoute = async (app, { v1, credentials }) => {
  app.route({
    method: 'DELETE',
    url: '/v1/credentials/:name',
    config: { access: 'caller', rate: 'write', idempotent: true, maxBodyBytes: SMALL_BODY },
    schema: {
      summary: 'Revoke a credential: the own one, or any with the admin scope',
      tags: ['credentials'],
      params: v1.credentialPath,
      response: { 204: z.null().meta({ description: 'Done.' }) },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      const caller = callerOf(request);
      if (caller !== name && !request.caller?.scopes.has('admin')) return sendProblem(reply, 'NOT_AUTHORIZED');
      const result = await credentials.revoke(name, caller, commandContext(request));
      if (result.kind === 'refused') return sendRefusal(reply, result.refusal);
      writesHeader(reply, result.writes);
      return reply.code(204).send(null);
    },
  });
};
