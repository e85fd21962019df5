import type { CommandContext, Erasure } from '@signalbox/commands';
import { erasureApi } from '@signalbox/contracts';
import { sendProblem } from '@signalbox/http';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';

export type ErasureRoutesDeps = {
  readonly erasure: Erasure;
  /** Who asked, and by what proof. */
  readonly contextOf: (request: FastifyRequest) => CommandContext;
};

/** Erasure on request: it is over when it is answered, and may be asked for again. */
export const erasureRoutes: FastifyPluginAsyncZod<ErasureRoutesDeps> = async (app, { erasure, contextOf }) => {
  app.route({
    method: 'POST',
    url: '/v1/admin/erasures',
    config: { access: 'admin', rate: 'operations', idempotent: true },
    schema: {
      tags: ['admin'],
      summary: 'Erase a session, or everything that an identity took part in',
      body: erasureApi.body,
      response: { 201: erasureApi.answer },
    },
    handler: async (request, reply) => {
      const erased = await erasure.erase(request.body, contextOf(request));
      if (erased !== null) return reply.code(201).send(erased);
      return 'sessionId' in request.body
        ? sendProblem(reply, 'OFFER_NOT_FOUND', { detail: 'There is no trace of such a session in the log.' })
        : sendProblem(reply, 'CREDENTIAL_NOT_FOUND', { detail: 'There is no trace of such an identity in the log.' });
    },
  });
};
