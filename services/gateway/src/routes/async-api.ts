import { asyncApi } from '@signalbox/contracts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';

/** What is on the bus, for who wants to listen there: AsyncAPI 3, generated from the same schemas that read it. */
export const asyncApiRoute: FastifyPluginAsyncZod<{ readonly namespace: string; readonly version: string }> = async (
  app,
  { namespace, version },
) => {
  const document = asyncApi({ namespace, version });
  app.route({
    method: 'GET',
    url: '/asyncapi.json',
    config: { access: 'public', rate: 'operations' },
    schema: { hide: true },
    handler: async (_request, reply) => reply.header('cache-control', 'no-cache').send(document),
  });
};
