import { auditApi } from '@signalbox/contracts';
import { sendProblem } from '@signalbox/http';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Rebuilds } from '../audit/deps.ts';
import type { ActingDeps } from './acting.ts';

export type { Rebuilds };

export type RebuildRoutesDeps = ActingDeps & { readonly rebuilds: Rebuilds };

const tags = ['admin'];
const config = { access: 'admin', rate: 'operations' } as const;

/** Read models, built anew from the log while the old ones answer. */
export const rebuildRoutes: FastifyPluginAsyncZod<RebuildRoutesDeps> = async (app, deps) => {
  const { rebuilds, recordOperation, contextOf, now } = deps;
  const unknown = `There is no such read model. What can be rebuilt: ${rebuilds.names.join(', ')}.`;

  app.route({
    method: 'POST',
    url: '/v1/admin/read-models/:name/rebuilds',
    config,
    schema: {
      tags,
      summary: 'Build read models anew beside the live ones, and switch when they have caught up',
      params: auditApi.readModelPath,
      response: { 202: auditApi.beginRebuild.answer },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      if (!rebuilds.names.includes(name)) return sendProblem(reply, 'NOT_FOUND', { detail: unknown });
      await recordOperation(
        { type: 'AdminActed', data: { action: 'rebuild read models', target: name, actedAt: now() } },
        contextOf(request),
      );
      const rebuildId = await rebuilds.begin(name);
      return reply
        .code(202)
        .header('location', `/v1/admin/read-models/${name}/rebuilds/${rebuildId}`)
        .send({ rebuildId });
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/admin/read-models/:name/rebuilds/:rebuildId',
    config,
    schema: {
      tags,
      summary: 'How far a rebuild has come',
      params: auditApi.rebuildPath,
      response: { 200: auditApi.rebuild.answer },
    },
    handler: async (request, reply) => {
      const { name, rebuildId } = request.params;
      const progress = await rebuilds.find(name, rebuildId);
      if (!progress)
        return sendProblem(reply, 'NOT_FOUND', { detail: 'There is no such rebuild, or it is long over.' });
      return progress;
    },
  });
};
