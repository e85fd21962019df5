import { writesHeader } from '@signalbox/http';
import type { CommandRoute } from '../app.ts';
import { SMALL_BODY } from '../body-bounds.ts';
import { commandContext } from '../context.ts';
import { sendRefusal } from '../refusals.ts';

export const issueCredential: CommandRoute = async (app, deps) => {
  const { v1, credentials, credentialTtlMs, now } = deps;
  app.route({
    method: 'POST',
    url: '/v1/credentials',
    config: { access: 'public', rate: 'credentials', idempotent: true, maxBodyBytes: SMALL_BODY },
    schema: {
      summary: 'Issue a credential: a name, a secret, and a token that works at once',
      tags: ['credentials'],
      body: v1.issueCredential.body,
      response: { 201: v1.issueCredential.answer },
    },
    handler: async (request, reply) => {
      const { name = null, ttlMs = credentialTtlMs.default } = request.body ?? {};
      const expiresAt = now() + Math.min(ttlMs, credentialTtlMs.max);
      const result = await credentials.issue({ name, expiresAt, lifetime: 'fixed' }, commandContext(request));
      if (result.kind === 'refused') return sendRefusal(reply, result.refusal);
      const token = await deps.issueToken(result.value.name, ['client']);
      writesHeader(reply, result.writes);
      return reply.code(201).send({
        name: result.value.name,
        secret: result.value.secret,
        expiresAt: result.value.expiresAt,
        token: token.token,
        tokenExpiresAt: token.expiresAt,
      });
    },
  });
};
