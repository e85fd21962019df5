import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { anonymous, bearer, type Issued, type Problem, send, v1 } from '../support/client.ts';
import { spawnServer, startServer, temporaryDirectory } from '../support/server.ts';

const key = () => randomBytes(32).toString('hex');

const startAndFail = async (env: Readonly<Record<string, string>>) => {
  const { end, exited, output } = spawnServer({
    SIGNALBOX_PORT: '0',
    SIGNALBOX_DATA_DIR: temporaryDirectory(),
    ...env,
  });
  const tooLong = setTimeout(() => void end('SIGKILL'), 20_000);
  const exit = await exited;
  clearTimeout(tooLong);
  return { ...exit, output: output() };
};

const safe = () => ({
  SIGNALBOX_MODE: 'production',
  SIGNALBOX_HOST: '127.0.0.1',
  SIGNALBOX_MASTER_KEYS: key(),
  SIGNALBOX_TOKEN_KEYS: key(),
  SIGNALBOX_ADMIN_KEYS: key(),
  SIGNALBOX_CHECKPOINT_KEYS: key(),
  SIGNALBOX_CORS_ORIGINS: 'https://app.example.com',
  SIGNALBOX_TRUSTED_PROXIES: 'loopback',
  SIGNALBOX_RATE_LIMITS: 'on',
});

describe('production mode', () => {
  it('refuses to start with nothing set, and names every problem at once', async () => {
    const { code, output } = await startAndFail({ SIGNALBOX_MODE: 'production' });
    expect(code).toBe(1);
    for (const problem of [
      /SIGNALBOX_MASTER_KEYS is not set/,
      /SIGNALBOX_TOKEN_KEYS is not set/,
      /SIGNALBOX_ADMIN_KEYS is not set/,
      /SIGNALBOX_CHECKPOINT_KEYS is not set/,
      /SIGNALBOX_CORS_ORIGINS is not set/,
      /Neither TLS nor a trusted proxy/,
    ]) {
      expect(output).toMatch(problem);
    }
    expect(output, 'a message, not a stack').not.toMatch(/\n\s+at /);
  });

  it('refuses what is short, known, shared or open, without repeating a secret', async () => {
    const [short, shared] = ['abcdef0123456789', key()];
    const { code, output } = await startAndFail({
      ...safe(),
      SIGNALBOX_MASTER_KEYS: short,
      SIGNALBOX_TOKEN_KEYS: shared,
      SIGNALBOX_ADMIN_KEYS: `${shared},${'00'.repeat(32)}`,
      SIGNALBOX_CORS_ORIGINS: '*',
      SIGNALBOX_RATE_LIMITS: 'off',
      SIGNALBOX_TRUSTED_PROXIES: '',
      SIGNALBOX_PROT: '3000',
    });
    expect(code).toBe(1);
    for (const problem of [
      /SIGNALBOX_MASTER_KEYS.*malformed.*16 characters/,
      /SIGNALBOX_TOKEN_KEYS and SIGNALBOX_ADMIN_KEYS share a key/,
      /SIGNALBOX_ADMIN_KEYS: key 2 is one that anyone can guess/,
      /SIGNALBOX_CORS_ORIGINS is `\*`/,
      /SIGNALBOX_RATE_LIMITS is `off`/,
      /Neither TLS nor a trusted proxy/,
      /SIGNALBOX_PROT is not a variable.*SIGNALBOX_PORT/,
    ]) {
      expect(output).toMatch(problem);
    }
    for (const secret of [short, shared]) expect(output).not.toContain(secret);
  });

  it('starts behind a trusted proxy with all of it set, and believes that proxy alone', async () => {
    const env = { ...safe(), SIGNALBOX_RATE_LIMIT_CREDENTIALS: '2' };
    await using server = await startServer({ env });
    const from = (address: string) => ({ 'x-forwarded-for': address, 'x-forwarded-proto': 'https' });
    const issue = (address: string) =>
      send<Issued>(server, anonymous, { method: 'POST', path: '/v1/credentials', headers: from(address) });
    expect([(await issue('203.0.113.1')).status, (await issue('203.0.113.1')).status]).toEqual([201, 201]);
    expect((await issue('203.0.113.1')).status).toBe(429);
    expect((await issue('203.0.113.2')).status, 'another client of the same proxy').toBe(201);

    const origin = { origin: 'https://evil.example' };
    const foreign = await send(server, anonymous, { method: 'GET', path: '/v1/tags?tag=a', headers: origin });
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
    const own = { origin: 'https://app.example.com' };
    const known = await send(server, anonymous, { method: 'GET', path: '/v1/tags?tag=a', headers: own });
    expect(known.headers['access-control-allow-origin']).toBe('https://app.example.com');
    expect(known.headers['strict-transport-security']).toMatch(/max-age=\d+/);

    const metrics = await send<Problem>(server, anonymous, { method: 'GET', path: '/metrics' });
    expect(metrics.status, 'metrics are nobody’s business in production').toBe(401);
    const asAdmin = bearer('admin', env.SIGNALBOX_ADMIN_KEYS);
    expect((await send(server, asAdmin, { method: 'GET', path: '/metrics' })).text).toContain('signalbox_');
    expect((await send(server, anonymous, { method: 'GET', path: '/ready' })).status).toBe(200);

    const { name, token } = (await issue('203.0.113.3')).body;
    expect((await v1(server, bearer(name, token)).feed()).status).toBe(200);
    expect((await server.stop()).code).toBe(0);
  });

  it('does not start a second time on the same data', async () => {
    await using server = await startServer();
    const second = await startAndFail({ SIGNALBOX_DATA_DIR: server.dataDir });
    expect(second.code).toBe(1);
    expect(second.output).toMatch(/in use/);
    expect((await send(server, anonymous, { method: 'GET', path: '/health' })).status).toBe(200);
  });
});
