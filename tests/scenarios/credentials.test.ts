import { until } from '@signalbox/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anonymous,
  bearer,
  hmacCaller,
  type Issued,
  issueCredential,
  newTag,
  newTokenCaller,
  type Problem,
  publishOne,
  send,
  v1,
} from '../support/client.ts';
import { htCaller, newCredential, rpc } from '../support/rondevu.ts';
import { type Server, startServer } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const rotate = (name: string, by: Parameters<typeof send>[1], body?: unknown) =>
  send<{ name: string; secret: string; previousValidUntil: number; expiresAt: number }>(server, by, {
    ...{ method: 'POST', path: `/v1/credentials/${name}/rotations` },
    ...(body !== undefined && { body }),
  });

const codeOf = (answer: { readonly body: unknown }) => (answer.body as Problem).code;

describe('a credential', () => {
  it('comes without a body: a name, a secret of 32 bytes, and a token that works at once', async () => {
    const answer = await send<Issued>(server, anonymous, { method: 'POST', path: '/v1/credentials' });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      name: expect.stringMatching(/^[a-z0-9][a-z0-9.-]{2,30}[a-z0-9]$/),
      secret: expect.stringMatching(/^[0-9a-f]{64}$/),
      expiresAt: expect.any(Number),
      token: expect.any(String),
      tokenExpiresAt: expect.any(Number),
    });
    const { name, secret, token } = answer.body;
    expect((await v1(server, bearer(name, token)).feed()).status).toBe(200);
    expect((await v1(server, hmacCaller(name, secret)).feed()).status).toBe(200);
    expect((await rpc(server, htCaller({ name, secret }), 'poll')).success, '/rpc knows it too').toBe(true);
  });

  it('may have a chosen name, which is given once and for ever', async () => {
    const name = `alice.${newTag().slice(2, 20)}`;
    const first = await issueCredential(server, { name });
    expect(first.name).toBe(name);
    const taken = await send(server, anonymous, { method: 'POST', path: '/v1/credentials', body: { name } });
    expect([taken.status, codeOf(taken)]).toEqual([409, 'NAME_TAKEN']);
    await send(server, bearer(name, first.token), { method: 'DELETE', path: `/v1/credentials/${name}` });
    const stillTaken = await send(server, anonymous, { method: 'POST', path: '/v1/credentials', body: { name } });
    expect([stillTaken.status, codeOf(stillTaken)]).toEqual([409, 'NAME_TAKEN']);
  });

  it('rotates: the old secret works through its grace period and no longer', async () => {
    const { name, secret, token } = await issueCredential(server);
    const rotated = await rotate(name, bearer(name, token), { graceMs: 1_500 });
    expect(rotated.status).toBe(201);
    expect(rotated.body).toEqual({
      ...{ name, secret: expect.stringMatching(/^[0-9a-f]{64}$/) },
      ...{ previousValidUntil: expect.any(Number), expiresAt: expect.any(Number) },
    });
    const [before, after] = [v1(server, hmacCaller(name, secret)), v1(server, hmacCaller(name, rotated.body.secret))];
    expect((await before.feed()).status).toBe(200);
    expect((await after.feed()).status).toBe(200);
    const refused = await until('the grace period is over', async () => {
      const answer = await before.feed();
      return answer.status === 200 ? undefined : answer;
    });
    expect([refused?.status, codeOf(refused!)]).toEqual([401, 'INVALID_CREDENTIALS']);
    expect((await after.feed()).status).toBe(200);
  });

  it('keeps the old secret for the default grace, and drops it at once without any', async () => {
    const { name, secret, token } = await issueCredential(server);
    const first = await rotate(name, bearer(name, token));
    expect((await v1(server, hmacCaller(name, secret)).feed()).status).toBe(200);
    const second = await rotate(name, hmacCaller(name, first.body.secret), { graceMs: 0 });
    expect((await v1(server, hmacCaller(name, secret)).feed()).status).toBe(401);
    expect((await v1(server, hmacCaller(name, first.body.secret)).feed()).status).toBe(401);
    expect((await v1(server, hmacCaller(name, second.body.secret)).feed()).status).toBe(200);
  });

  it('is revoked with its tokens and its secret', async () => {
    const { name, secret, token } = await issueCredential(server);
    const owner = v1(server, bearer(name, token));
    await publishOne(owner, newTag());
    const revoked = await send(server, bearer(name, token), { method: 'DELETE', path: `/v1/credentials/${name}` });
    expect([revoked.status, revoked.text]).toEqual([204, '']);
    const byToken = await owner.feed();
    expect([byToken.status, codeOf(byToken)]).toEqual([401, 'INVALID_CREDENTIALS']);
    const bySecret = await v1(server, hmacCaller(name, secret)).feed();
    expect([bySecret.status, codeOf(bySecret)]).toEqual([401, 'INVALID_CREDENTIALS']);
    expect(await rpc(server, htCaller({ name, secret }), 'poll')).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
  });

  it('is nobody else’s to rotate or revoke', async () => {
    const alice = await issueCredential(server);
    const mallory = await newTokenCaller(server);
    for (const answer of [
      await rotate(alice.name, mallory),
      await send(server, mallory, { method: 'DELETE', path: `/v1/credentials/${alice.name}` }),
    ]) {
      expect([answer.status, codeOf(answer)]).toEqual([403, 'NOT_AUTHORIZED']);
    }
    for (const path of [`/v1/credentials/${alice.name}/rotations`, `/v1/tokens`]) {
      const answer = await send(server, anonymous, { method: 'POST', path });
      expect([answer.status, codeOf(answer)]).toEqual([401, 'AUTH_REQUIRED']);
    }
    expect((await v1(server, bearer(alice.name, alice.token)).feed()).status).toBe(200);
  });

  it('expires when it said, and takes its token with it', async () => {
    const { name, secret, token, expiresAt } = await issueCredential(server, { ttlMs: 1_200 });
    const client = v1(server, bearer(name, token));
    expect((await client.feed()).status).toBe(200);
    const refused = await until('the credential has expired', async () => {
      const answer = await client.feed();
      return answer.status === 200 ? undefined : answer;
    });
    expect(expiresAt).toBeGreaterThan(0);
    expect([refused?.status, codeOf(refused!)]).toEqual([401, 'INVALID_CREDENTIALS']);
    expect((await v1(server, hmacCaller(name, secret)).feed()).status).toBe(401);
  });

  it('signs for tokens, but no token is exchanged for another', async () => {
    const { name, secret, token } = await issueCredential(server);
    const signed = await send<{ token: string; tokenExpiresAt: number }>(server, hmacCaller(name, secret), {
      ...{ method: 'POST', path: '/v1/tokens' },
    });
    expect(signed.status).toBe(201);
    expect(signed.body).toEqual({ token: expect.any(String), tokenExpiresAt: expect.any(Number) });
    expect((await v1(server, bearer(name, signed.body.token)).feed()).status).toBe(200);
    const exchanged = await send(server, bearer(name, token), { method: 'POST', path: '/v1/tokens' });
    expect([exchanged.status, codeOf(exchanged)]).toEqual([403, 'NOT_AUTHORIZED']);
  });

  it('survives a restart, however the server ended', async () => {
    await using first = await startServer();
    const issued = await issueCredential(first);
    const ofRpc = await newCredential(first);
    await first.kill9();
    await using second = await first.again();
    expect((await v1(second, hmacCaller(issued.name, issued.secret)).feed()).status).toBe(200);
    expect((await v1(second, bearer(issued.name, issued.token)).feed()).status).toBe(200);
    expect((await rpc(second, htCaller(ofRpc), 'poll')).success).toBe(true);
  });
});
