import { type AddressInfo, connect } from 'node:net';
import { createLogger, noMetrics, type TraceContext } from '@signalbox/runtime';
import { settle, until } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { anApp, linesOf, rememberedMetrics } from './harness.ts';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const withRoute = async (setting: Parameters<typeof anApp>[0] = {}) => {
  const made = await anApp(setting);
  made.app.get('/v1/things/:id', { config: { access: 'optional' } }, async (request) => {
    request.log.info({ note: 'inside' }, 'working');
    return { traceId: request.traceId, traceparent: request.traceparent, id: request.id };
  });
  return made;
};

describe('a request id', () => {
  it('is taken from the client, and given back', async () => {
    const { app } = await withRoute();
    const response = await app.inject({ url: '/v1/things/1', headers: { 'x-request-id': 'my-request_7' } });
    expect(response.headers['x-request-id']).toBe('my-request_7');
    expect(response.json().id).toBe('my-request_7');
  });

  it.each(['', 'a b', '10.1.2.3', 'x'.repeat(65), 'a\u00e9'])('is made here instead of %j', async (given) => {
    const { app } = await withRoute();
    const response = await app.inject({ url: '/v1/things/1', headers: { 'x-request-id': given } });
    expect(response.headers['x-request-id']).toMatch(/^00000000-0000-4000-8000-\d{12}$/);
  });
});

describe('the trace', () => {
  it('is the one that the request belongs to', async () => {
    const { app } = await withRoute();
    const response = await app.inject({ url: '/v1/things/1', headers: { traceparent: PARENT } });
    expect(response.json()).toMatchObject({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', traceparent: PARENT });
  });

  it('has an id of its own without one, and nothing to pass on', async () => {
    const { app } = await withRoute();
    const response = await app.inject({ url: '/v1/things/1', headers: { traceparent: 'rubbish' } });
    expect(response.json()).toMatchObject({ traceId: expect.stringMatching(/^[0-9a-f]{32}$/), traceparent: null });
  });

  it('goes on through the span of this request where spans are made', async () => {
    const seen: unknown[] = [];
    const tracing = {
      startRequest: (method: string, parent: TraceContext | undefined) => {
        seen.push(method, parent);
        const context = { traceId: parent?.traceId ?? 'f'.repeat(32), spanId: '1234567890abcdef', sampled: true };
        return { context, end: (result: unknown) => void seen.push(result) };
      },
    };
    const { app } = await withRoute({
      options: { telemetry: { tracing, renderMetrics: async () => '', metrics: noMetrics } },
    });
    const response = await app.inject({ url: '/v1/things/1', headers: { traceparent: PARENT } });
    expect(response.json().traceparent).toBe('00-4bf92f3577b34da6a3ce929d0e0e4736-1234567890abcdef-01');
    expect(seen).toEqual([
      'GET',
      { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true },
      { route: '/v1/things/:id', status: 200 },
    ]);
  });
});

describe('the log', () => {
  it('has one line for each request: pattern, never path, query, address or body', async () => {
    const { app, lines } = await withRoute();
    await app.inject({
      url: '/v1/things/secret-thing?token=canary',
      remoteAddress: '203.0.113.7',
      headers: { authorization: 'Bearer bob', 'x-request-id': 'r1', traceparent: PARENT },
    });
    const access = lines.filter(({ msg }) => msg === 'request');
    expect(access).toEqual([
      {
        level: 'info',
        time: expect.any(Number),
        instance: 'test-1',
        method: 'GET',
        route: '/v1/things/:id',
        status: 200,
        ms: 0,
        requestId: 'r1',
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
        caller: 'bob',
        msg: 'request',
      },
    ]);
    for (const canary of ['secret-thing', 'canary', '203.0.113.7']) expect(JSON.stringify(lines)).not.toContain(canary);
  });

  it('has the ids on what a handler writes', async () => {
    const { app, lines } = await withRoute();
    await app.inject({ url: '/v1/things/1', headers: { 'x-request-id': 'r1', traceparent: PARENT } });
    expect(lines.find(({ msg }) => msg === 'working')).toMatchObject({
      requestId: 'r1',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      note: 'inside',
    });
  });

  it('is not filled by what machines ask for all the time', async () => {
    const { lines, destination } = linesOf();
    const logger = createLogger({ level: 'info', instance: 'i', pretty: false, destination });
    const { app } = await anApp({ options: { logger } });
    await app.inject('/live');
    expect(lines).toEqual([]);
  });
});

describe('the metrics of a request', () => {
  it('are its route, method, status and duration', async () => {
    const { app, recorded, time } = await anApp();
    app.post('/v1/slow', { config: { access: 'public' } }, async (_request, reply) => {
      time.advance(250);
      return reply.code(202).send({});
    });
    await app.inject({ method: 'POST', url: '/v1/slow' });
    await app.inject('/nowhere/at/all');
    expect(recorded).toEqual([
      ['requestFinished', { route: '/v1/slow', method: 'POST', status: 202, seconds: 0.25 }],
      ['requestFinished', { route: 'unmatched', method: 'GET', status: 404, seconds: 0 }],
    ]);
  });
});

describe('a request whose client goes away', () => {
  it('is logged, counted and ended as a span with 499, once, also when it is answered after all', async () => {
    const spans: unknown[] = [];
    const context = { traceId: 'f'.repeat(32), spanId: '1234567890abcdef', sampled: true };
    const tracing = { startRequest: () => ({ context, end: (result: unknown) => void spans.push(result) }) };
    const { metrics, recorded } = rememberedMetrics();
    const { app, lines, time } = await anApp({
      options: { telemetry: { tracing, renderMetrics: async () => '', metrics } },
    });
    const [begun, goOn, sent] = [0, 1, 2].map(() => Promise.withResolvers<void>());
    app.addHook('onSend', async () => sent?.resolve());
    app.get('/v1/slow', { config: { access: 'public' } }, async () => {
      begun?.resolve();
      await goOn?.promise;
      return {};
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET /v1/slow HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\n\r\n');
    await begun?.promise;
    time.advance(250);
    socket.destroy();
    await until('it is logged', () => lines.some(({ msg }) => msg === 'request'));
    goOn?.resolve();
    await sent?.promise;
    await app.close();
    await settle();
    expect(lines.filter(({ msg }) => msg === 'request')).toEqual([
      {
        ...{ level: 'info', time: expect.any(Number), instance: 'test-1', msg: 'request' },
        ...{ method: 'GET', route: '/v1/slow', status: 499, ms: 250, requestId: 'r1', traceId: 'f'.repeat(32) },
      },
    ]);
    expect(recorded).toEqual([['requestFinished', { route: '/v1/slow', method: 'GET', status: 499, seconds: 0.25 }]]);
    expect(spans).toEqual([{ route: '/v1/slow', status: 499 }]);
  });

  it('is not one that was answered and then hung up', async () => {
    const { app, lines, recorded } = await withRoute();
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/v1/things/1`, { headers: { connection: 'close' } });
    await response.text();
    await app.close();
    await settle();
    expect(lines.filter(({ msg }) => msg === 'request').map(({ status }) => status)).toEqual([200]);
    expect(recorded.map(([name]) => name)).toEqual(['requestFinished']);
  });
});
