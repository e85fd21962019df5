import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import type { SignedRequest } from '@signalbox/identity';
import { describe, expect, it } from 'vitest';
import type { Access } from '../src/index.ts';
import { anApp, believing } from './harness.ts';

const accesses: readonly Access[] = ['public', 'optional', 'caller', 'audit', 'admin'];

const withRoutes = async (setting: Parameters<typeof anApp>[0] = {}) => {
  const made = await anApp(setting);
  for (const access of accesses) {
    made.app.post(`/v1/${access}`, { config: { access } }, async ({ caller }) => ({
      caller: caller?.identity ?? null,
    }));
  }
  const as = async (access: Access, bearer?: string) => {
    const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    return made.app.inject({ method: 'POST', url: `/v1/${access}`, headers });
  };
  return { ...made, as };
};

describe('access', () => {
  it.each([
    // access,    nobody, bad, client, audit, admin
    ['public', [200, 200, 200, 200, 200]],
    ['optional', [200, 401, 200, 200, 200]],
    ['caller', [401, 401, 200, 403, 200]],
    ['audit', [401, 401, 403, 200, 200]],
    ['admin', [401, 401, 403, 403, 200]],
  ] as const)('to a route that is %s is given to the right callers', async (access, expected) => {
    const { as } = await withRoutes();
    const callers = [undefined, 'bad', 'bob', 'eve:audit', 'root:admin'];
    const statuses = [];
    for (const caller of callers) statuses.push((await as(access, caller)).statusCode);
    expect(statuses).toEqual(expected);
  });

  it('tells the handler who is calling', async () => {
    const { as } = await withRoutes();
    expect((await as('optional')).json()).toEqual({ caller: null });
    expect((await as('optional', 'bob')).json()).toEqual({ caller: 'bob' });
    expect((await as('public', 'bob')).json()).toEqual({ caller: null });
  });

  it('that is refused says how to get it, and is counted by its reason', async () => {
    const { as, recorded } = await withRoutes();
    const [missing, bad, scope] = [await as('caller'), await as('caller', 'bad'), await as('audit', 'bob')];
    expect(missing.headers['www-authenticate']).toBe('Bearer realm="signalbox"');
    expect(missing.json().code).toBe('AUTH_REQUIRED');
    expect(bad.headers['www-authenticate']).toBe('Bearer realm="signalbox", error="invalid_token"');
    expect(bad.json()).toMatchObject({ code: 'INVALID_CREDENTIALS', detail: 'This is no token.' });
    expect(scope.headers['www-authenticate']).toBeUndefined();
    expect(scope.json()).toMatchObject({ code: 'NOT_AUTHORIZED', detail: 'This path needs the scope `audit`.' });
    const reasons = recorded.filter(([name]) => name === 'authFailed').map(([, reason]) => reason);
    expect(reasons).toEqual(['missing', 'bad_token', 'scope']);
  });

  it('says when to come back, where only the clocks are in the way', async () => {
    const authenticate = async () =>
      ({ kind: 'refused', reason: 'too_far_ahead', detail: 'x', retryAfterMs: 2_100 }) as const;
    const { as } = await withRoutes({ options: { authenticate } });
    const response = await as('caller', 'bob');
    expect([response.headers['retry-after'], response.json().retryAfterMs]).toEqual(['3', 2_100]);
  });

  it('is decided before the body is validated, and after it has been read', async () => {
    const seen: SignedRequest[] = [];
    const { app, as } = await withRoutes({
      options: {
        authenticate: async (request) => {
          seen.push(request);
          return believing(request);
        },
      },
    });
    await app.inject({
      method: 'POST',
      url: '/v1/caller?a=1&b=%20',
      payload: '{"x":1}',
      headers: { host: 'signal.example:8443', 'content-type': 'application/json', authorization: 'Bearer bob' },
    });
    await as('caller', 'bob');
    await as('public', 'bob');
    expect(seen).toHaveLength(2);
    expect(seen[0]).toMatchObject({ method: 'POST', targetUri: 'http://signal.example:8443/v1/caller?a=1&b=%20' });
    expect(Buffer.from(seen[0]?.body ?? []).toString()).toBe('{"x":1}');
    expect(seen[1]?.body).toBeNull();
  });

  it('is about the address that clients use: the configured one, or what a trusted proxy passes on', async () => {
    const targetOf = async (env: Readonly<Record<string, string>>) => {
      let target = '';
      const authenticate = async (request: SignedRequest) => {
        target = request.targetUri;
        return { kind: 'anonymous' } as const;
      };
      const { app } = await withRoutes({ env, options: { authenticate } });
      const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'outer.example' };
      const headers = { host: 'inner:3000', authorization: 'Bearer bob', ...forwarded };
      await app.inject({ method: 'POST', url: '/v1/caller', headers, remoteAddress: '10.0.0.1' });
      return target;
    };
    expect(await targetOf({ SIGNALBOX_PUBLIC_URL: 'https://signal.example/' })).toBe(
      'https://signal.example/v1/caller',
    );
    expect(await targetOf({ SIGNALBOX_TRUSTED_PROXIES: '10.0.0.0/8' })).toBe('https://outer.example/v1/caller');
    expect(await targetOf({})).toBe('http://inner:3000/v1/caller');
  });

  it('that cannot be decided is a fault', async () => {
    const { as } = await withRoutes({ options: { authenticate: () => Promise.reject(new Error('nonce store away')) } });
    const response = await as('caller', 'bob');
    expect([response.statusCode, response.json().code]).toEqual([500, 'INTERNAL_ERROR']);
  });

  it('must be said of every route, or the application does not start', async () => {
    const { app } = await anApp();
    app.get('/v1/forgotten', async () => ({}));
    await expect(app.ready()).rejects.toThrow(
      'These routes do not say who may call them (config.access): GET /v1/forgotten',
    );
  });
});

describe('a request that says nothing of who is calling', () => {
  const withBody = async (access: Access, headers: Readonly<Record<string, string>> = {}) => {
    const { app, recorded } = await withRoutes();
    const response = await app.inject({
      ...{ method: 'POST', url: `/v1/${access}`, payload: 'not json' },
      headers: { 'content-type': 'application/json', ...headers },
    });
    return { status: response.statusCode, code: response.json().code, recorded };
  };

  it.each(['caller', 'audit', 'admin'] as const)(
    'is refused before its body is read where access is %s',
    async (access) => {
      const { status, code, recorded } = await withBody(access);
      expect([status, code]).toEqual([401, 'AUTH_REQUIRED']);
      expect(recorded).toContainEqual(['authFailed', 'missing']);
    },
  );

  it.each(['public', 'optional'] as const)('is read where access is %s', async (access) => {
    const { status, code } = await withBody(access);
    expect([status, code]).toEqual([400, 'INVALID_PARAMS']);
  });

  it.each(['authorization', 'signature', 'signature-input'])('is not one that has %s', async (name) => {
    const { status, code } = await withBody('caller', { [name]: 'Bearer bob' });
    expect([status, code]).toEqual([400, 'INVALID_PARAMS']);
  });

  it('is refused while its body is still on the way', async () => {
    const { app } = await withRoutes();
    await app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('POST /v1/caller HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n[');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 401 /);
    socket.destroy();
    await app.close();
  });
});
