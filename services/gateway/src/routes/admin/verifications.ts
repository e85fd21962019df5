import type { CommandContext } from '@signalbox/commands';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';

export type VerificationRoutesDeps = {
  /** Records what was found; resolves when that is in the log. */
  readonly recordOperation: (
    operation: {
      readonly type: 'VerificationCompleted';
      readonly data: z.infer<typeof verification> & { readonly verifiedAt: number };
    },
    context: CommandContext,
  ) => Promise<void>;
  /** Who asked, and by what proof. */
  readonly contextOf: (request: FastifyRequest) => CommandContext;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

const verification = z.strictObject({
  size: z.int().min(0).meta({ description: 'How many events were verified.' }),
  position: z.int().min(0).meta({ description: 'The position of the last of them.' }),
  intact: z.boolean(),
  firstDifference: z.int().min(0).nullable().meta({ description: 'The first position that differs, if one does.' }),
});

/** Takes down what a verification of the log has found, wherever it was made. */
export const verificationRoutes: FastifyPluginAsyncZod<VerificationRoutesDeps> = async (app, deps) => {
  const { recordOperation, contextOf, now } = deps;
  app.route({
    method: 'POST',
    url: '/v1/admin/verifications',
    config: { access: 'admin', rate: 'operations' },
    schema: {
      tags: ['admin'],
      summary: 'Record what a verification of the log has found (`signalbox verify --report`)',
      body: verification,
      response: { 201: z.object({ verifiedAt: z.int() }) },
    },
    handler: async (request, reply) => {
      const verifiedAt = now();
      const data = { ...request.body, verifiedAt };
      await recordOperation({ type: 'VerificationCompleted', data }, contextOf(request));
      return reply.code(201).send({ verifiedAt });
    },
  });
};
