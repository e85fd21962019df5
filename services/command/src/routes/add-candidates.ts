import type { Opaque } from '@signalbox/domain';
import { callerOf, writesHeader } from '@signalbox/http';
import type { CommandRoute } from '../app.ts';
import { SESSION_BODY } from '../body-bounds.ts';
import { commandContext } from '../context.ts';
import { lengthOf } from '../operations.ts';
import { sendRefusal } from '../refusals.ts';

export const addCandidates: CommandRoute = async (app, { v1, sessions }) => {
  app.route({
    method: 'POST',
    url: '/v1/sessions/:sessionId/candidates',
    config: {
      access: 'caller',
      rate: 'write',
      idempotent: true,
      maxBodyBytes: SESSION_BODY,
      operations: ({ body }) => lengthOf(body, 'candidates'),
    },
    schema: {
      summary: 'Trickle ICE candidates',
      description: 'Before the answer anyone’s candidates are held, and shown only if that caller wins the offer.',
      tags: ['sessions'],
      params: v1.sessionPath,
      body: v1.addCandidates.body,
      response: { 201: v1.addCandidates.answer },
    },
    handler: async (request, reply) => {
      const { sessionId } = request.params;
      // A body is parsed from JSON, so what the schema lets through is JSON.
      const candidates = request.body.candidates as readonly Opaque[];
      const result = await sessions.addCandidates(callerOf(request), sessionId, candidates, commandContext(request));
      if (result.kind === 'refused') return sendRefusal(reply, result.refusal);
      writesHeader(reply, result.writes);
      return reply.code(201).send(result.value);
    },
  });
};
