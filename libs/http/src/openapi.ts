import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { type ErrorCode, errorCodes } from '@signalbox/contracts';
import type { FastifyContextConfig, FastifySchema } from 'fastify';
import { createJsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';
import { z } from 'zod';
import type { HttpOptions } from './options.ts';
import { escapeHtml } from './problem-pages.ts';
import type { Access, App } from './request.ts';

/** The body of every error. Some codes say more; see their pages. */
export const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'A page that explains the code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z
      .enum(errorCodes as readonly [ErrorCode, ...ErrorCode[]])
      .meta({ description: 'Stable; the texts are not.' }),
    traceId: z.string().meta({ description: 'Quote it when you report a fault.' }),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    retryAfterMs: z.int().optional(),
  })
  .meta({ id: 'Problem' });

const problemResponse = {
  description: 'A problem (RFC 9457)',
  content: { 'application/problem+json': { schema: problemSchema } },
};

const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .optional()
    .meta({ description: 'The same key and request again gets the first answer, and has no second effect.' }),
});

const security: Readonly<Record<Access, readonly Readonly<Record<string, readonly string[]>>[]>> = {
  public: [],
  optional: [{}, { bearer: [] }, { signature: [] }],
  caller: [{ bearer: [] }, { signature: [] }],
  audit: [{ bearer: [] }],
  admin: [{ bearer: [] }],
};

const securitySchemes: OpenAPIV3_1.ComponentsObject['securitySchemes'] = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'A token from `POST /v1/credentials` or `POST /v1/tokens`, or an admin key.',
  },
  signature: {
    type: 'apiKey',
    in: 'header',
    name: 'Signature',
    description:
      'An HTTP message signature (RFC 9421) with `Signature-Input`, and `Content-Digest` where there is a body.',
  },
};

/** What is true of every route is said here, once: who may call, the problem body, the idempotency key. */
const described = (schema: FastifySchema, config: FastifyContextConfig): FastifySchema =>
  ({
    ...(config.idempotent && { headers: idempotencyHeaders }),
    ...schema,
    security: security[config.access ?? 'public'],
    response: { ...(schema.response ?? {}), default: problemResponse },
  }) as FastifySchema;

const zodTransform = createJsonSchemaTransform({ skipList: [] });

const transform: typeof zodTransform = (document) =>
  zodTransform({
    ...document,
    schema: document.schema && described(document.schema, document.route.config ?? {}),
  });

/** Scripts, styles and pictures come from this server; the page sets styles on its elements. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

const logo = (title: string): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 40"><text x="0" y="28" font-family="system-ui,sans-serif" font-size="26" font-weight="600" fill="#fff">${escapeHtml(title)}</text></svg>`,
  );

/** OpenAPI 3.1 at `/openapi.json`, and a page for reading it at `/docs`. Routes added from now on are in it. */
export const addOpenApi = async (app: App, options: HttpOptions): Promise<void> => {
  const { publicUrl } = options.config;
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: options.title, version: options.version, description: options.description },
      servers: [{ url: publicUrl ?? '/' }],
      tags: options.sections.map((name) => ({ name })),
      components: { securitySchemes },
    },
    transform,
    transformObject: jsonSchemaTransformObject,
  });

  const config = { access: 'public', rate: 'operations' } as const;
  let document: string | undefined;
  app.get('/openapi.json', { config, schema: { hide: true } }, (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    return reply.type('application/json').send(document);
  });

  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, ...config };
    });
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: DOCS_CSP,
      uiConfig: { validatorUrl: null, url: '/openapi.json' },
      theme: { title: options.title },
      logo: { type: 'image/svg+xml', content: logo(options.title) },
    });
  });
};
