import { callerOf, sendProblem, writesHeader } from '@signalbox/http';
import type { CommandRoute } from '../app.ts';
import { SMALL_BODY } from '../body-bounds.ts';
import { commandContext } from '../context.ts';
import { sendRefusal } from '../refusals.ts';

export const rotateCredential: CommandRoute = async (app, { v1, credentials, defaultGraceMs }) => {
  app.route({
    method: 'POST',
    url: '/v1/credentials/:name/rotations',
    config: { access: 'caller', rate: 'credentials', idempotent: true, maxBodyBytes: SMALL_BODY },
    schema: {
      summary: 'Replace the secret of the own credential; the old one works for a grace period',
      tags: ['credentials'],
      params: v1.credentialPath,
      body: v1.rotateCredential.body,
      response: { 201: v1.rotateCredential.answer },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      if (callerOf(request) !== name) return sendProblem(reply, 'NOT_AUTHORIZED');
      const graceMs = request.body?.graceMs ?? defaultGraceMs;
      const result = await credentials.rotate(name, graceMs, commandContext(request));
      if (result.kind === 'refused') return sendRefusal(reply, result.refusal);
      writesHeader(reply, result.writes);
      return reply.code(201).send(result.value);
    },
  });
};
