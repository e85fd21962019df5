import { settle } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { anApp } from './harness.ts';

const key = (seed: string) => seed.repeat(64).slice(0, 64);
const PRODUCTION = {
  SIGNALBOX_MODE: 'production',
  SIGNALBOX_MASTER_KEYS: key('a15'),
  SIGNALBOX_TOKEN_KEYS: key('b27'),
  SIGNALBOX_ADMIN_KEYS: key('c39'),
  SIGNALBOX_CHECKPOINT_KEYS: key('e51'),
  SIGNALBOX_CORS_ORIGINS: 'https://a.example',
  SIGNALBOX_TRUSTED_PROXIES: '10.0.0.0/8',
};

const up = { name: 'log', check: async () => undefined };
const down = { name: 'bus', check: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.9:9092')) };

describe('operations', () => {
  it('says that the process lives, whatever it needs', async () => {
    const { app } = await anApp({ options: { checks: [down] } });
    const response = await app.inject('/live');
    expect([response.statusCode, response.json()]).toEqual([200, { status: 'live' }]);
  });

  it('says that it is ready when all that it needs is there', async () => {
    const { app } = await anApp({ options: { checks: [up] } });
    const response = await app.inject('/ready');
    expect([response.statusCode, response.json()]).toEqual([
      200,
      { status: 'ready', checks: { log: { status: 'up', latencyMs: 0 } } },
    ]);
  });

  it('says which dependency is down, and tells only the log why', async () => {
    const { app, lines } = await anApp({ options: { checks: [up, down] } });
    const response = await app.inject('/ready');
    expect(response.statusCode).toBe(503);
    expect(response.json()).toEqual({
      status: 'not_ready',
      checks: { log: { status: 'up', latencyMs: 0 }, bus: { status: 'down', latencyMs: 0 } },
    });
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', check: 'bus', msg: 'a dependency is down' }));
  });

  it('takes a dependency that does not answer for one that is down', async () => {
    const made = await anApp({
      options: { checks: [{ name: 'log', check: () => new Promise<void>(() => undefined) }] },
    });
    const response = made.app.inject('/ready');
    await made.app.ready();
    while (made.time.waiting.size < 2) await settle();
    made.time.advance(3_000);
    expect((await response).json()).toEqual({
      status: 'not_ready',
      checks: { log: { status: 'down', latencyMs: 3_000 } },
    });
  });

  it('asks a dependency once for those who ask at the same time', async () => {
    let asked = 0;
    const check = async () => {
      asked++;
      await settle();
    };
    const { app } = await anApp({ options: { checks: [{ name: 'log', check }] } });
    await Promise.all([app.inject('/ready'), app.inject('/health'), app.inject('/ready')]);
    expect(asked).toBe(1);
    await app.inject('/ready');
    expect(asked).toBe(2);
  });

  it('tells version, instance, age and latencies under /health', async () => {
    const { app, time } = await anApp({ options: { checks: [up] } });
    time.advance(5_000);
    expect((await app.inject('/health')).json()).toEqual({
      status: 'ok',
      timestamp: expect.any(Number),
      version: '1.2.3',
      instance: 'test-1',
      uptimeMs: 5_000,
      checks: { log: { status: 'up', latencyMs: 0 } },
    });
    const ill = await anApp({ options: { checks: [down] } });
    const response = await ill.app.inject('/health');
    expect([response.statusCode, response.json().status]).toEqual([503, 'unhealthy']);
  });

  it('shows metrics to anyone in development', async () => {
    const { app } = await anApp();
    const response = await app.inject('/metrics');
    expect([response.statusCode, response.body]).toEqual([200, '# metrics\n']);
    expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('shows metrics in production to those with the scope for it', async () => {
    const { app } = await anApp({ env: PRODUCTION });
    const as = async (bearer?: string) =>
      (await app.inject({ url: '/metrics', headers: bearer ? { authorization: `Bearer ${bearer}` } : {} })).statusCode;
    expect([await as(), await as('bob'), await as('eve:audit'), await as('root:admin')]).toEqual([401, 403, 200, 200]);
  });
});
