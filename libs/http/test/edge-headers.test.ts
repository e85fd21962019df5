import { describe, expect, it } from 'vitest';
import { anApp } from './harness.ts';

const LISTED = { SIGNALBOX_CORS_ORIGINS: 'https://a.example,https://b.example' };
const origin = 'https://b.example';
const stranger = 'https://evil.example';

const withRpc = async (env: Readonly<Record<string, string>> = {}) => {
  const { app } = await anApp({ env });
  app.post('/rpc', { config: { access: 'public', rate: 'rpc', cors: 'rondevu' } }, async () => []);
  return app;
};

const preflight = (origin: string) => ({
  method: 'OPTIONS' as const,
  headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x' },
});

describe('security headers', () => {
  it.each(['/live', '/nowhere', '/v1/none?x=%00'])('are on every answer: %s', async (url) => {
    const { app } = await anApp();
    const { headers } = await app.inject(url);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
    });
    expect(headers['strict-transport-security']).toBeUndefined();
    expect(headers['x-powered-by']).toBeUndefined();
  });

  it('insist on HTTPS in production', async () => {
    const key = (seed: string) => seed.repeat(64).slice(0, 64);
    const { app } = await anApp({
      env: {
        ...LISTED,
        SIGNALBOX_MODE: 'production',
        SIGNALBOX_MASTER_KEYS: key('a15'),
        SIGNALBOX_TOKEN_KEYS: key('b27'),
        SIGNALBOX_ADMIN_KEYS: key('c39'),
        SIGNALBOX_CHECKPOINT_KEYS: key('e51'),
        SIGNALBOX_TRUSTED_PROXIES: 'loopback',
      },
    });
    const { headers } = await app.inject('/live');
    expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
  });
});

describe('CORS of the API', () => {
  it('is open to every origin with *, and shows what a page needs', async () => {
    const { app } = await anApp();
    const { headers } = await app.inject({ url: '/live', headers: { origin: stranger } });
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    for (const name of ['RateLimit', 'Retry-After', 'Signalbox-Consistency', 'Link']) {
      expect(headers['access-control-expose-headers']).toContain(name);
    }
  });

  it('names a listed origin, and no other', async () => {
    const { app } = await anApp({ env: LISTED });
    const listed = await app.inject({ url: '/live', headers: { origin } });
    const other = await app.inject({ url: '/live', headers: { origin: stranger } });
    expect([listed.headers['access-control-allow-origin'], listed.headers.vary]).toEqual([origin, 'Origin']);
    expect([other.headers['access-control-allow-origin'], other.headers.vary]).toEqual([undefined, 'Origin']);
  });

  it('answers a preflight for any path with 204 and what may be sent', async () => {
    const { app } = await anApp();
    const response = await app.inject({ ...preflight(stranger), url: '/v1/sessions' });
    expect([response.statusCode, response.body]).toEqual([204, '']);
    expect(response.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE, OPTIONS',
      'access-control-max-age': '86400',
    });
    for (const name of [
      'Authorization',
      'Signature',
      'Signature-Input',
      'Content-Digest',
      'Idempotency-Key',
      'Prefer',
      'traceparent',
    ]) {
      expect(response.headers['access-control-allow-headers']).toContain(name);
    }
  });

  it('is on errors too, so that a page can read them', async () => {
    const { app } = await anApp({ env: LISTED });
    const { statusCode, headers } = await app.inject({ url: '/nowhere', headers: { origin } });
    expect([statusCode, headers['access-control-allow-origin']]).toEqual([404, origin]);
  });
});

describe('CORS of /rpc', () => {
  it('echoes the origin with *, and is silent without one', async () => {
    const app = await withRpc();
    const withOrigin = await app.inject({ method: 'POST', url: '/rpc', headers: { origin: stranger } });
    const without = await app.inject({ method: 'POST', url: '/rpc' });
    expect(withOrigin.headers).toMatchObject({
      'access-control-allow-origin': stranger,
      'access-control-expose-headers': 'Content-Type',
      vary: 'Origin',
    });
    expect([without.headers['access-control-allow-origin'], without.headers.vary]).toEqual([undefined, 'Origin']);
  });

  it('gives a listed origin back, and the first of the list to others', async () => {
    const app = await withRpc(LISTED);
    const allowedFor = async (from: string) =>
      (await app.inject({ method: 'POST', url: '/rpc', headers: { origin: from } })).headers[
        'access-control-allow-origin'
      ];
    expect([await allowedFor(origin), await allowedFor(stranger)]).toEqual([origin, 'https://a.example']);
  });

  it('answers a preflight as its clients know it', async () => {
    const app = await withRpc();
    const response = await app.inject({ ...preflight(stranger), url: '/rpc?x=1' });
    expect([response.statusCode, response.body]).toEqual([204, '']);
    expect(response.headers).toMatchObject({
      'access-control-allow-origin': stranger,
      'access-control-allow-methods': 'GET,POST,OPTIONS',
      'access-control-allow-headers': 'Content-Type, Origin, X-PublicKey, X-Name, X-Timestamp, X-Nonce, X-Signature',
      'access-control-max-age': '86400',
      vary: 'Origin, Access-Control-Request-Headers',
    });
  });
});
