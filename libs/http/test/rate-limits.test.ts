import { describe, expect, it } from 'vitest';
import type { RateLimiter } from '../src/index.ts';
import { anApp } from './harness.ts';

const withRoutes = async (env: Readonly<Record<string, string>> = {}, rateLimiter?: RateLimiter) => {
  const made = await anApp({ env, options: rateLimiter ? { rateLimiter } : {} });
  const { app } = made;
  let handled = 0;
  const count = async () => ({ handled: ++handled });
  app.get('/v1/things', { config: { access: 'optional' } }, count);
  app.post('/v1/things', { config: { access: 'caller' } }, count);
  app.post('/v1/credentials', { config: { access: 'public', rate: 'credentials' } }, count);
  app.post(
    '/v1/many',
    { config: { access: 'caller', operations: ({ body }) => (Array.isArray(body) ? body.length : 1) } },
    count,
  );
  return { ...made, handled: () => handled };
};

const bob = { authorization: 'Bearer bob' };

describe('rate limits', () => {
  it('count each request for its address, and for its caller when there is one', async () => {
    const { app, rateLimiter } = await withRoutes();
    await app.inject({ url: '/v1/things', remoteAddress: '203.0.113.7' });
    await app.inject({ method: 'POST', url: '/v1/things', remoteAddress: '203.0.113.7', headers: bob });
    await app.inject({ url: '/nowhere', remoteAddress: '203.0.113.7' });
    await app.inject({ url: '/live', remoteAddress: '203.0.113.7' });
    expect(Object.fromEntries(rateLimiter.used)).toEqual({
      'read-address address:203.0.113.7': 2,
      'write-address address:203.0.113.7': 1,
      'write caller:bob': 1,
      'operations-address address:203.0.113.7': 1,
    });
  });

  it('are told in the headers of the IETF draft: the caller’s where there is one, else the address’s', async () => {
    const { app } = await withRoutes();
    const anonymous = await app.inject('/v1/things');
    const known = await app.inject({ url: '/v1/things', headers: bob });
    expect(anonymous.headers['ratelimit-policy']).toBe('"read-address";q=6000;w=60');
    expect(anonymous.headers.ratelimit).toBe('"read-address";r=5999;t=30');
    expect(known.headers['ratelimit-policy']).toBe('"read";q=1200;w=60');
    expect(known.headers.ratelimit).toBe('"read";r=1199;t=30');
  });

  it('refuse with 429 and when to come back, without running anything', async () => {
    const { app, handled, recorded } = await withRoutes({ SIGNALBOX_RATE_LIMIT_WRITE: '2' });
    const send = () => app.inject({ method: 'POST', url: '/v1/things', headers: bob });
    const statuses = [(await send()).statusCode, (await send()).statusCode];
    const refused = await send();
    expect([...statuses, refused.statusCode]).toEqual([200, 200, 429]);
    expect(refused.headers).toMatchObject({ 'retry-after': '2', ratelimit: '"write";r=0;t=30' });
    expect(refused.json()).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', status: 429, retryAfterMs: 1_500 });
    expect(handled()).toBe(2);
    expect(recorded).toContainEqual(['rateLimited', 'write']);
  });

  it('refuse an address before its body is looked at', async () => {
    const { app } = await withRoutes({ SIGNALBOX_RATE_LIMIT_CREDENTIALS: '1' });
    const send = () =>
      app.inject({
        method: 'POST',
        url: '/v1/credentials',
        payload: 'not json',
        headers: { 'content-type': 'application/json' },
      });
    expect((await send()).statusCode).toBe(400);
    expect((await send()).statusCode).toBe(429);
  });

  it('count callers without a known address together', async () => {
    const { app, rateLimiter } = await withRoutes({ SIGNALBOX_TRUSTED_PROXIES: 'loopback' });
    await app.inject({ method: 'POST', url: '/v1/credentials', remoteAddress: '127.0.0.1' });
    expect(rateLimiter.used).toEqual(new Map([['credentials-address address:unknown', 1]]));
  });

  it('count what a request costs, and let even the largest through when nothing else was used', async () => {
    const { app, rateLimiter } = await withRoutes({ SIGNALBOX_RATE_LIMIT_WRITE: '5' });
    const send = (items: number) =>
      app.inject({ method: 'POST', url: '/v1/many', headers: bob, payload: Array(items).fill(1) });
    expect((await send(3)).statusCode).toBe(200);
    expect((await send(3)).statusCode).toBe(429);
    expect(rateLimiter.used.get('write caller:bob')).toBe(3);
    rateLimiter.used.clear();
    expect((await send(9)).statusCode).toBe(200);
  });

  it('charge what a request asks for to its address, too', async () => {
    const { app, rateLimiter, recorded, handled } = await withRoutes({
      SIGNALBOX_RATE_LIMIT_WRITE: '10',
      SIGNALBOX_RATE_LIMIT_ADDRESS_FACTOR: '2',
    });
    const send = (caller: string, items: number) =>
      app.inject({
        ...{ method: 'POST', url: '/v1/many', remoteAddress: '203.0.113.7' },
        headers: { authorization: `Bearer ${caller}` },
        payload: Array(items).fill(1),
      });
    const used = () => rateLimiter.used.get('write-address address:203.0.113.7');
    const first = await send('bob', 9);
    expect([first.statusCode, first.headers.ratelimit, used()]).toEqual([200, '"write";r=1;t=30', 9]);
    expect([(await send('bob', 9)).statusCode, used()], 'a refused caller uses up one').toEqual([429, 10]);
    expect([(await send('eve', 10)).statusCode, used()]).toEqual([200, 20]);
    rateLimiter.used.set('write-address address:203.0.113.7', 11);
    const refused = await send('carol', 10);
    expect([refused.statusCode, refused.json().code, refused.headers.ratelimit, used()]).toEqual([
      ...[429, 'RATE_LIMIT_EXCEEDED', '"write-address";r=8;t=30', 12],
    ]);
    expect(recorded).toContainEqual(['rateLimited', 'write-address']);
    expect(handled()).toBe(2);
  });

  it('charge an address for nobody’s request, and let even the largest through when nothing else was used', async () => {
    const { app, rateLimiter } = await withRoutes({ SIGNALBOX_RATE_LIMIT_CREDENTIALS: '5' });
    const operations = () => 100;
    app.get('/v1/lots', { config: { access: 'public', rate: 'credentials', operations } }, async () => ({}));
    expect((await app.inject('/v1/lots')).statusCode).toBe(200);
    expect(rateLimiter.used).toEqual(new Map([['credentials-address address:127.0.0.1', 5]]));
  });

  it('tell a route that wants to be told, instead of refusing what it asks for', async () => {
    const { app, handled, rateLimiter } = await withRoutes({ SIGNALBOX_RATE_LIMIT_RPC: '5' });
    const config = { access: 'public', rate: 'rpc', limit: 'told', operations: () => 4 } as const;
    app.get('/v1/told', { config }, async ({ withinLimit }) => ({ withinLimit }));
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push((await app.inject('/v1/told')).json().withinLimit);
    expect(answers).toEqual([true, false, false]);
    expect([handled(), rateLimiter.used.get('rpc-address address:127.0.0.1')]).toEqual([0, 5]);
  });

  it('go by a clock that nobody sets', async () => {
    const times: number[] = [];
    const answer = { allowed: true, remaining: 1, resetMs: 1, retryAfterMs: 0 };
    const take = (_policy: unknown, _key: string, _cost: number, now: number) => {
      times.push(now);
      return answer;
    };
    const { app, time } = await withRoutes({}, { take, sweep: async () => 0 });
    time.advance(1_500);
    await app.inject({ url: '/v1/things', headers: bob });
    expect(times).toEqual([1_500, 1_500]);
  });

  it('can be off, and then say nothing', async () => {
    const { app, rateLimiter } = await withRoutes({ SIGNALBOX_RATE_LIMITS: 'off' });
    const { headers } = await app.inject({ url: '/v1/things', headers: bob });
    expect([headers.ratelimit, headers['ratelimit-policy']]).toEqual([undefined, undefined]);
    expect(rateLimiter.used.size).toBe(0);
  });

  it('may be kept elsewhere, and a limiter that fails is a fault', async () => {
    const answer = { allowed: true, remaining: 7.9, resetMs: 1, retryAfterMs: 0 };
    const remote = await withRoutes({}, { take: async () => answer, sweep: async () => 0 });
    const response = await remote.app.inject('/v1/things');
    expect([response.statusCode, response.headers.ratelimit]).toEqual([200, '"read-address";r=7;t=1']);
    const broken = await withRoutes(
      {},
      { take: () => Promise.reject(new Error('redis at 10.0.0.9')), sweep: async () => 0 },
    );
    const failed = await broken.app.inject('/v1/things');
    expect([failed.statusCode, failed.json().code]).toEqual([500, 'INTERNAL_ERROR']);
    expect(failed.body).not.toContain('redis');
  });
});
