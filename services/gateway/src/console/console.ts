import { sendProblem } from '@signalbox/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { GatewayRoute } from '../app.ts';
import { type Asset, readAssets } from './assets.ts';

/**
 * Nothing but files of this server, and no script that stands in the page. The browser itself refuses to make markup of
 * text: what the log holds was written by strangers.
 */
const POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ...["require-trusted-types-for 'script'", "trusted-types 'none'"],
].join('; ');

/** Known to the browser by its content: it asks each time, and is told when nothing has changed. */
const sendAsset = (request: FastifyRequest, reply: FastifyReply, { body, type, etag }: Asset) => {
  reply.headers({ 'content-security-policy': POLICY, 'cache-control': 'no-cache', etag });
  const known = request.headers['if-none-match']?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
  return known ? reply.code(304).send() : reply.type(type).send(body);
};

/**
 * The console: a page and its files, the same for everybody. It holds no data; what it shows comes from the audit API,
 * with the key that the person at the browser types in.
 */
export const consolePage: GatewayRoute = async (app) => {
  const { page, files } = readAssets();
  const route = { method: 'GET', config: { access: 'public', rate: 'operations', quiet: true } } as const;
  for (const url of ['/console', '/console/']) {
    app.route({
      ...{ ...route, url, schema: { hide: true } },
      handler: async (request, reply) => sendAsset(request, reply, page),
    });
  }
  app.route({
    ...{ ...route, url: '/console/assets/*' },
    schema: { hide: true, params: z.object({ '*': z.string() }) },
    handler: async (request, reply) => {
      const file = files.get(request.params['*']);
      return file === undefined ? sendProblem(reply, 'NOT_FOUND') : sendAsset(request, reply, file);
    },
  });
};
