import { auditApi } from '@signalbox/contracts';
import { ACCEPT_LOG, type Contradiction } from '@signalbox/evidence';
import { sendProblem } from '@signalbox/http';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { ActingDeps } from './acting.ts';

export type AcceptanceRoutesDeps = ActingDeps & {
  /** What a notary has found in the log, of whichever process. */
  readonly contradiction: () => Promise<Contradiction | null>;
};

/** A log that is not what was signed is signed again when somebody answers for it; recorded with the reason. */
export const acceptanceRoutes: FastifyPluginAsyncZod<AcceptanceRoutesDeps> = async (app, deps) => {
  const { contradiction, recordOperation, contextOf, now } = deps;
  app.route({
    method: 'POST',
    url: '/v1/admin/checkpoints/acceptances',
    config: { access: 'admin', rate: 'operations' },
    schema: {
      tags: ['admin'],
      summary: 'Accept a log that is not what was signed, so that it is signed again (`signalbox checkpoints accept`)',
      body: auditApi.acceptance.body,
      response: { 201: auditApi.acceptance.answer },
    },
    handler: async (request, reply) => {
      const found = await contradiction();
      if (!found) {
        const detail = 'There is nothing to accept: no notary has found that the log is other than what was signed.';
        return sendProblem(reply, 'NOT_FOUND', { detail });
      }
      const acceptedAt = now();
      const data = { action: ACCEPT_LOG, target: request.body.reason, actedAt: acceptedAt };
      await recordOperation({ type: 'AdminActed', data }, contextOf(request));
      return reply.code(201).send({ acceptedAt, contradiction: found.reason });
    },
  });
};
