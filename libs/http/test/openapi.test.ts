import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { anApp } from './harness.ts';

const withRoutes = async (env: Readonly<Record<string, string>> = {}) => {
  const { app } = await anApp({ env });
  app.post(
    '/v1/things',
    {
      config: { access: 'caller', idempotent: true },
      schema: {
        summary: 'Make a thing',
        body: z.strictObject({ name: z.string().max(9), count: z.int().optional() }).optional(),
        response: { 201: z.object({ id: z.string() }) },
      },
    },
    async (_request, reply) => reply.code(201).send({ id: 'a' }),
  );
  app.get(
    '/v1/things/:id',
    { config: { access: 'optional' }, schema: { params: z.object({ id: z.string() }) } },
    async () => ({}),
  );
  app.delete('/v1/admin', { config: { access: 'admin' }, schema: {} }, async () => ({}));
  return app;
};

describe('the OpenAPI document', () => {
  it('is version 3.1 and says where the server is', async () => {
    const app = await withRoutes({ SIGNALBOX_PUBLIC_URL: 'https://signal.example' });
    const response = await app.inject('/openapi.json');
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(response.json()).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Signalbox', version: '1.2.3' },
      servers: [{ url: 'https://signal.example' }],
    });
  });

  it('shows each route with its schemas, who may call it, its problems and its idempotency key', async () => {
    const app = await withRoutes();
    const { paths, components } = (await app.inject('/openapi.json')).json();
    expect(components.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
      signature: { type: 'apiKey', in: 'header', name: 'Signature' },
    });
    const { post } = paths['/v1/things'];
    expect(post.summary).toBe('Make a thing');
    expect(post.security).toEqual([{ bearer: [] }, { signature: [] }]);
    expect(post.parameters).toMatchObject([{ in: 'header', name: 'idempotency-key', required: false }]);
    expect(post.requestBody.content['application/json'].schema).toMatchObject({
      properties: { name: { type: 'string', maxLength: 9 } },
      additionalProperties: false,
    });
    expect(post.responses['201'].content['application/json'].schema).toMatchObject({ required: ['id'] });
    expect(post.responses.default.content['application/problem+json'].schema).toEqual({
      $ref: '#/components/schemas/Problem',
    });
    expect(paths['/v1/things/{id}'].get.security).toEqual([{}, { bearer: [] }, { signature: [] }]);
    expect(paths['/v1/admin'].delete.security).toEqual([{ bearer: [] }]);
    expect(paths['/live'].get.security).toEqual([]);
  });

  it('refers to nothing that it does not hold', async () => {
    const app = await withRoutes();
    const text = (await app.inject('/openapi.json')).body;
    const { components } = JSON.parse(text);
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name as string);
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((name) => !(name in components.schemas))).toEqual([]);
  });

  it('leaves out pages for people', async () => {
    const app = await withRoutes();
    const { paths } = (await app.inject('/openapi.json')).json();
    const shown = Object.keys(paths).filter((path) => !path.startsWith('/v1'));
    expect(shown.sort()).toEqual(['/health', '/live', '/metrics', '/ready']);
  });
});

describe('the reference page', () => {
  it('is served with all that it needs, from here alone', async () => {
    const app = await withRoutes();
    const page = await app.inject('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link as string);
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) {
      expect(asset).not.toMatch(/^(https?:)?\/\//);
      expect((await app.inject(new URL(asset, 'http://a/docs/').pathname)).statusCode).toBe(200);
    }
    expect((await app.inject('/docs/json')).json().openapi).toBe('3.1.0');
  });

  it('has no script inside of the page, which its policy would stop', async () => {
    const app = await withRoutes();
    const { body } = await app.inject('/docs/');
    expect(body).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
    expect(body).not.toMatch(/\son\w+=/);
  });
});
