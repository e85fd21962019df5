import type { CommandContext } from '@signalbox/commands';
import { auditApi } from '@signalbox/contracts';
import { ACCEPT_LOG, contradictionIn, type TileStore } from '@signalbox/evidence';
import { sendProblem } from '@signalbox/http';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';

export type AcceptanceRoutesDeps = {
  readonly tiles: Pick<TileStore, 'recall'>;
  /** Records what was done; resolves when that is in the log. */
  readonly recordOperation: (
    operation: {
      readonly type: 'AdminActed';
      readonly data: { readonly action: string; readonly target: string | null; readonly actedAt: number };
    },
    context: CommandContext,
  ) => Promise<void>;
  /** Who asked, and by what proof. */
  readonly contextOf: (request: FastifyRequest) => CommandContext;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

/** A log that is not what was signed is signed again when somebody answers for it. That is recorded, with the reason. */
export const acceptanceRoutes: FastifyPluginAsyncZod<AcceptanceRoutesDeps> = async (app, deps) => {
  const { tiles, recordOperation, contextOf, now } = deps;
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
      const found = await contradictionIn(tiles);
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
