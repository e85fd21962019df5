import { callerOf, sendProblem } from '@signalbox/http';
import type { CommandRoute } from '../app.ts';
import { SMALL_BODY } from '../body-bounds.ts';

/**
 * A token is given for a signature or an admin key, never for another token, so that one can't be prolonged without the
 * secret. A scope beyond `client` needs a caller who has it.
 */
export const issueToken: CommandRoute = async (app, deps) => {
  app.route({
    method: 'POST',
    url: '/v1/tokens',
    config: { access: 'caller', rate: 'write', idempotent: true, maxBodyBytes: SMALL_BODY },
    schema: {
      summary: 'Exchange a signature for a short-lived token',
      tags: ['credentials'],
      body: deps.v1.issueToken.body,
      response: { 201: deps.v1.issueToken.answer },
    },
    handler: async (request, reply) => {
      const scope = request.body?.scope ?? 'client';
      const { caller } = request;
      if (caller?.authorisation.scheme === 'token') {
        return sendProblem(reply, 'NOT_AUTHORIZED', {
          detail: 'A token can’t be exchanged for another: sign the request.',
        });
      }
      if (scope !== 'client' && !caller?.scopes.has(scope)) return sendProblem(reply, 'NOT_AUTHORIZED');
      const { token, expiresAt } = await deps.issueToken(callerOf(request), [scope]);
      return reply.code(201).send({ token, tokenExpiresAt: expiresAt });
    },
  });
};
