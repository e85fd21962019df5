import { catalogue } from '@signalbox/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anonymous, newTag, newTokenCaller, publishOne, send, v1 } from '../support/client.ts';
import { type Server, startServer } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const get = <T = unknown>(path: string, headers: Readonly<Record<string, string>> = {}) =>
  send<T>(server, anonymous, { method: 'GET', path, headers });

describe('what a person or a machine finds on a server', () => {
  it('GET / is a page that says what this is, how it is, and where to go', async () => {
    await publishOne(v1(server, await newTokenCaller(server)), newTag());
    const page = await get('/', { accept: 'text/html' });
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(page.text).toMatch(/^<!doctype html>/i);
    expect(page.text).toContain('WebRTC signaling');
    expect(page.text).toMatch(/Healthy/);
    for (const link of ['/docs', '/openapi.json', '/health']) {
      expect(page.text).toContain(`href="${link}"`);
      expect((await get(link)).status, link).toBeLessThan(400);
    }
    expect((await get('/', { accept: '*/*' })).headers['content-type']).toMatch(/^text\/html/);
    expect((await get('/', { accept: 'application/json' })).body, 'as Rondevu’s servers answer').toMatchObject({
      ...{ name: 'Rondevu', version: expect.any(String), description: expect.any(String) },
      stats: { offers: expect.any(Number) },
    });
  });

  it('GET /docs is a page that works without anything from elsewhere', async () => {
    const page = await get('/docs/');
    const followed = page.status >= 300 && page.status < 400 ? await get(page.headers.location ?? '') : page;
    expect(followed.status).toBe(200);
    expect(followed.headers['content-type']).toMatch(/^text\/html/);
    const assets = [...followed.text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, url]) => url ?? '');
    expect(assets.length).toBeGreaterThan(0);
    for (const asset of assets) {
      expect(asset, 'nothing from elsewhere').not.toMatch(/^(https?:)?\/\//);
      const { status } = await get(new URL(asset, `${server.url}/docs/`).pathname);
      expect(status, asset).toBe(200);
    }
  });

  it('GET /live, /ready, /health and /metrics tell how it is', async () => {
    expect((await get('/live')).body).toEqual({ status: 'live' });
    const check = { status: 'up', latencyMs: expect.any(Number) };
    const parts = [
      'log',
      'keys',
      'projector',
      'notary',
      'audit index',
      'scheduler',
      'observer',
      'retention',
      'sweeper',
    ];
    const checks = Object.fromEntries(parts.map((part) => [part, check]));
    const ready = await get('/ready');
    expect([ready.status, ready.body]).toEqual([200, { status: 'ready', checks }]);
    const health = await get('/health');
    expect([health.status, health.body]).toEqual([
      200,
      {
        ...{
          status: 'ok',
          timestamp: expect.any(Number),
          version: expect.stringMatching(/^\d+\.\d+\.\d+/),
          instance: expect.any(String),
        },
        ...{ uptimeMs: expect.any(Number), checks },
      },
    ]);
    const metrics = await get('/metrics');
    expect(metrics.headers['content-type']).toMatch(/^text\/plain/);
    const expected = [
      ...['http_request_duration_seconds_count', 'append_duration_seconds_count', 'open_offers', 'live_sessions'],
      ...['heap_used_bytes', 'event_loop_delay_seconds', 'queue_depth', 'projection_lag_events', 'connections'],
      ...['scheduler_pending', 'breaker_open', 'uncovered_events', 'log_contradicted'],
    ];
    expect(
      expected.filter((name) => !metrics.text.includes(`\nsignalbox_${name}`)),
      'not measured',
    ).toEqual([]);
  });

  it('GET /v1/sessions/:id counts under its route, never under its path', async () => {
    const secretPath = '/v1/sessions/not-to-be-seen-in-metrics';
    await get(secretPath);
    const metrics = await get('/metrics');
    expect(metrics.text).toContain('route="/v1/sessions/:sessionId"');
    expect(metrics.text).not.toContain('not-to-be-seen-in-metrics');
  });
});

type Operation = {
  readonly operationId?: string;
  readonly summary?: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: unknown }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: unknown }>> };
  readonly responses: Readonly<Record<string, unknown>>;
};

type OpenApi = {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};

describe('/openapi.json', () => {
  it('is OpenAPI 3.1 for every path there is, and refers to nothing that is not in it', async () => {
    const { status, body, text } = await get<OpenApi>('/openapi.json');
    expect(status).toBe(200);
    expect(body.openapi).toMatch(/^3\.1\.\d+$/);
    expect(body.info).toMatchObject({ title: 'Signalbox', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    const paths = Object.keys(body.paths);
    expect(paths).toEqual(
      expect.arrayContaining([
        ...['/v1/credentials', '/v1/credentials/{name}', '/v1/credentials/{name}/rotations', '/v1/tokens', '/v1/batch'],
        ...['/v1/sessions', '/v1/sessions/{sessionId}', '/v1/sessions/{sessionId}/answer', '/v1/tags', '/v1/feed'],
        ...['/v1/sessions/{sessionId}/candidates', '/rpc', '/live', '/ready', '/health', '/metrics'],
      ]),
    );
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(references.length).toBeGreaterThan(0);
    for (const reference of new Set(references)) {
      const target = reference.split('/').reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], body);
      expect(target, reference).toBeDefined();
    }
  });

  it('says of each operation what it takes and answers, and of each error that it is a problem of the catalogue', async () => {
    const { body } = await get<OpenApi>('/openapi.json');
    for (const [path, operations] of Object.entries(body.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const [method, operation] of Object.entries(operations)) {
        const name = `${method} ${path}`;
        expect(operation.summary, name).toEqual(expect.any(String));
        const parameters = operation.parameters ?? [];
        expect(
          parameters
            .filter((p) => p.in === 'path')
            .map((p) => p.name)
            .toSorted(),
          name,
        ).toEqual(inPath.toSorted());
        for (const parameter of parameters) expect(parameter.schema, `${name} ${parameter.name}`).toBeDefined();
        expect(Object.keys(operation.responses).length, name).toBeGreaterThan(0);
        expect(JSON.stringify(operation.responses), name).toContain('application/problem+json');
      }
    }
    const problem = body.components.schemas.Problem as { properties: { code: { enum: string[] } } };
    expect(problem.properties.code.enum.toSorted()).toEqual(Object.keys(catalogue).toSorted());
  });
});
