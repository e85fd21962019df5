import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anonymous,
  bearer,
  type Caller,
  ed25519Caller,
  hmacCaller,
  issueCredential,
  newTokenCaller,
  type Problem,
  send,
  v1,
} from '../support/client.ts';
import { type Server, startServer } from '../support/server.ts';

let server: Server;
let admin: Caller;
beforeAll(async () => {
  server = await startServer();
  admin = bearer('admin', readFileSync(join(server.dataDir, 'keys', 'admin.key'), 'utf8').trim());
});
afterAll(() => server[Symbol.asyncDispose]());

const tokenOf = (by: Caller, scope?: string) =>
  send<{ token: string }>(server, by, {
    method: 'POST',
    path: '/v1/tokens',
    body: scope === undefined ? {} : { scope },
  });

const told = ({ status, body }: { readonly status: number; readonly body: unknown }) => [
  status,
  (body as Problem).code,
];

describe('the scopes of those who run the server', () => {
  it('have keys of their own, made in development and readable by nobody else', () => {
    for (const file of ['admin.key', 'master.key', 'token.key']) {
      const { mode, size } = statSync(join(server.dataDir, 'keys', file));
      expect((mode & 0o777).toString(8), file).toBe('600');
      expect(size).toBe(65);
    }
    expect((statSync(join(server.dataDir, 'keys')).mode & 0o777).toString(8)).toBe('700');
    expect(server.output()).toContain(join(server.dataDir, 'keys', 'admin.key'));
  });

  it.each(['audit', 'admin'])(
    'a token with the scope %s comes from an admin key, and from nothing else',
    async (scope) => {
      expect((await tokenOf(admin, scope)).status).toBe(201);
      const { name, secret, token } = await issueCredential(server);
      const clientToken = (await tokenOf(hmacCaller(name, secret), 'client')).body.token;
      for (const by of [hmacCaller(name, secret), ed25519Caller(), bearer(name, token), bearer(name, clientToken)]) {
        expect(told(await tokenOf(by, scope))).toEqual([403, 'NOT_AUTHORIZED']);
      }
      expect(told(await tokenOf(anonymous, scope))).toEqual([401, 'AUTH_REQUIRED']);
      const guessed = bearer('admin', '00'.repeat(32));
      expect(told(await tokenOf(guessed, scope))).toEqual([401, 'INVALID_CREDENTIALS']);
    },
  );

  it('audit is for reading the record alone: such a token is no client, and can make no other token', async () => {
    const audit = bearer('admin', (await tokenOf(admin, 'audit')).body.token);
    expect(told(await v1(server, audit).feed())).toEqual([403, 'NOT_AUTHORIZED']);
    const publish = { tags: ['a'], offers: [{ sdp: 'v=0' }] };
    expect(told(await v1(server, audit).publish(publish))).toEqual([403, 'NOT_AUTHORIZED']);
    expect((await tokenOf(audit, 'audit')).status).toBe(403);
    expect((await tokenOf(audit, 'admin')).status).toBe(403);
  });

  it('an admin revokes anyone’s credential; a client only its own', async () => {
    const alice = await issueCredential(server);
    const path = `/v1/credentials/${alice.name}`;
    const mallory = await newTokenCaller(server);
    expect(told(await send(server, mallory, { method: 'DELETE', path }))).toEqual([403, 'NOT_AUTHORIZED']);
    const auditor = bearer('admin', (await tokenOf(admin, 'audit')).body.token);
    expect(told(await send(server, auditor, { method: 'DELETE', path }))).toEqual([403, 'NOT_AUTHORIZED']);
    expect((await send(server, admin, { method: 'DELETE', path })).status).toBe(204);
    expect((await v1(server, bearer(alice.name, alice.token)).feed()).status).toBe(401);
    const unknown = await send(server, admin, { method: 'DELETE', path: '/v1/credentials/nobody.here' });
    expect(told(unknown)).toEqual([404, 'CREDENTIAL_NOT_FOUND']);
  });

  it('a changed key ends the tokens that were made with it', async () => {
    await using first = await startServer();
    const key = readFileSync(join(first.dataDir, 'keys', 'admin.key'), 'utf8').trim();
    const answer = await send<{ token: string }>(first, bearer('admin', key), {
      ...{ method: 'POST', path: '/v1/tokens', body: { scope: 'admin' } },
    });
    const token = bearer('admin', answer.body.token);
    const revoke = { method: 'DELETE', path: '/v1/credentials/nobody.here' };
    expect((await send(first, token, revoke)).status).toBe(404);
    await first.stop();
    await using second = await first.again({ SIGNALBOX_ADMIN_KEYS: 'ab12'.repeat(16) });
    expect((await send(second, token, revoke)).status).toBe(401);
    expect((await send(second, bearer('admin', key), revoke)).status).toBe(401);
    expect((await send(second, bearer('admin', 'ab12'.repeat(16)), revoke)).status).toBe(404);
  });
});
