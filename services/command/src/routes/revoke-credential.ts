import { noContent, problemResponses, sendProblem, setConsistency } from '@signalbox/http';
import type { CommandRoute } from '../app.ts';
import { callerOf } from '../caller.ts';
import { commandContext } from '../context.ts';
import { sendRefusal } from '../refusals.ts';

export const revokeCredential: CommandRoute = async (app, { v1, credentials }) => {
  app.route({
    method: 'DELETE',
    url: '/v1/credentials/:name',
    config: { access: 'caller', rate: 'write', idempotent: true },
    schema: {
      summary: 'Revoke a credential: the own one, or any with the admin scope',
      tags: ['credentials'],
      params: v1.credentialPath,
      response: { 204: noContent, ...problemResponses(400, 401, 403, 404, 409, 422, 429, 503) },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      const caller = callerOf(request);
      if (caller !== name && !request.caller?.scopes.has('admin')) return sendProblem(reply, 'NOT_AUTHORIZED');
      const result = await credentials.revoke(name, caller, commandContext(request));
      if (result.kind === 'refused') return sendRefusal(reply, result.refusal);
      setConsistency(reply, result.writes);
      return reply.code(204).send();
    },
  });
};
