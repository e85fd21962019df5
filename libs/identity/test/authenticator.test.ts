import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  adminKeys,
  authFailures,
  createAuthenticator,
  createTokens,
  ed25519Verifier,
  nonceGuard,
  type Scope,
} from '../src/index.ts';
import { bytesFrom, crashableNonceStore, key, name, secret, secretsOf, signedRequest, t0, uri } from './examples.ts';

const adminKey = 'ab'.repeat(32);
const adminId = createHash('sha256').update(adminKey).digest('hex').slice(0, 16);

const server = () => {
  const clock = { now: t0 };
  const now = () => clock.now;
  const live = new Set([name]);
  const tokens = createTokens({ keys: [bytesFrom(1)], newId: () => 'the-id', cacheSize: 10 });
  const authenticate = createAuthenticator({
    now,
    guard: nonceGuard({ store: crashableNonceStore(), now, windowMs: 60_000, refuseSignedBefore: 0 }),
    secrets: secretsOf({ [name]: [secret] }),
    ed25519: ed25519Verifier({ cacheSize: 10 }),
    tokens,
    adminKeys: adminKeys([adminKey, 'cd'.repeat(32)]),
    isLive: async (asked, at) => at === clock.now && live.has(asked),
  });
  const bearer = (text: string) =>
    authenticate({ method: 'GET', targetUri: uri, headers: { authorization: text }, body: null });
  const tokenFor = async (subject: string, scopes: readonly Scope[] = ['client']) =>
    (await tokens.issue({ subject, scopes, now: clock.now })).token;
  return { clock, live, authenticate, bearer, tokenFor };
};

describe('a request', () => {
  it('that says nothing is anonymous', async () => {
    const headers = { host: 'signalbox.example', signature: undefined };
    expect(await server().authenticate({ method: 'GET', targetUri: uri, headers, body: null })).toEqual({
      kind: 'anonymous',
    });
  });

  it('that is signed is a client’s', async () => {
    for (const by of [
      { keyid: key.publicKeyHex, key: key.privateKey },
      { keyid: name, key: secret },
    ]) {
      expect(await server().authenticate(signedRequest(by))).toMatchObject({
        kind: 'caller',
        caller: {
          identity: by.keyid,
          scopes: new Set(['client']),
          authorisation: { scheme: 'http-signature', key: by.keyid },
        },
      });
    }
  });

  it('that is signed wrongly is refused and not anonymous', async () => {
    expect(await server().authenticate({ ...signedRequest(), method: 'PUT' })).toMatchObject({
      kind: 'refused',
      reason: 'bad_signature',
    });
    const half = { method: 'GET', targetUri: uri, headers: { 'signature-input': 'sig=()' }, body: null };
    expect(await server().authenticate(half)).toMatchObject({ kind: 'refused', reason: 'malformed' });
  });

  it('that says twice who is calling is refused, and uses up no nonce', async () => {
    const { authenticate, tokenFor } = server();
    const authorization = `Bearer ${await tokenFor(name)}`;
    expect(await authenticate(signedRequest({ headers: { authorization } }))).toEqual({
      kind: 'refused',
      reason: 'ambiguous',
      detail: 'Send either Authorization or a signature; the request has both.',
      retryAfterMs: null,
    });
    expect(await authenticate(signedRequest())).toMatchObject({ kind: 'caller' });
  });

  it('is refused when Authorization is anything but a bearer', async () => {
    const { bearer } = server();
    for (const text of [
      '',
      'Bearer',
      'Bearer ',
      'Basic YTpi',
      'Bearer a b',
      'Bearer é',
      `Bearer ${adminKey}, Bearer ${adminKey}`,
    ]) {
      expect(await bearer(text), text).toMatchObject({ kind: 'refused', reason: 'malformed' });
    }
  });
});

describe('a token', () => {
  it('makes the caller who it says, with its scopes', async () => {
    const { bearer, tokenFor } = server();
    expect(await bearer(`bearer ${await tokenFor(name, ['client', 'audit'])}`)).toEqual({
      kind: 'caller',
      caller: {
        identity: name,
        scopes: new Set(['client', 'audit']),
        authorisation: {
          scheme: 'token',
          key: name,
          algorithm: null,
          nonce: 'the-id',
          timestamp: t0,
          signature: null,
          signedTextHash: null,
        },
      },
    });
  });

  it('dies with its credential, even when it was used before', async () => {
    const { bearer, tokenFor, live } = server();
    const token = await tokenFor(name);
    expect(await bearer(`Bearer ${token}`)).toMatchObject({ kind: 'caller' });
    live.delete(name);
    expect(await bearer(`Bearer ${token}`)).toMatchObject({ kind: 'refused', reason: 'ended_credential' });
  });

  it('of a key identity needs no credential', async () => {
    const { bearer, tokenFor } = server();
    expect(await bearer(`Bearer ${await tokenFor(key.publicKeyHex)}`)).toMatchObject({
      caller: { identity: key.publicKeyHex },
    });
  });

  it('of an admin lives as long as the admin’s key is configured', async () => {
    const { bearer, tokenFor } = server();
    expect(await bearer(`Bearer ${await tokenFor(`admin:${adminId}`, ['audit'])}`)).toMatchObject({
      caller: { identity: `admin:${adminId}`, scopes: new Set(['audit']) },
    });
    expect(await bearer(`Bearer ${await tokenFor('admin:0000000000000000', ['audit'])}`)).toMatchObject({
      reason: 'ended_credential',
    });
  });

  it('is refused when it is expired or not ours', async () => {
    const { bearer, tokenFor, clock } = server();
    const token = await tokenFor(name);
    expect(await bearer(`Bearer ${token}x`)).toMatchObject({ reason: 'bad_token' });
    expect(await bearer('Bearer a.b.c')).toMatchObject({ reason: 'bad_token' });
    clock.now += 15 * 60_000;
    expect(await bearer(`Bearer ${token}`)).toEqual({
      kind: 'refused',
      reason: 'expired_token',
      detail: 'The token has expired; tokens last 15 minutes. Get a new one: POST /v1/tokens.',
      retryAfterMs: null,
    });
  });
});

describe('an admin key', () => {
  it('gives the scopes admin and audit, and an identity that names the key', async () => {
    expect(await server().bearer(`Bearer ${adminKey}`)).toEqual({
      kind: 'caller',
      caller: {
        identity: `admin:${adminId}`,
        scopes: new Set(['admin', 'audit']),
        authorisation: {
          scheme: 'admin',
          key: `admin:${adminId}`,
          algorithm: null,
          nonce: null,
          timestamp: null,
          signature: null,
          signedTextHash: null,
        },
      },
    });
    expect(await server().bearer(`Bearer ${'cd'.repeat(32)}`)).toMatchObject({ kind: 'caller' });
  });

  it('works whole and exactly, or not at all', async () => {
    for (const wrong of [adminKey.slice(1), `${adminKey}a`, adminKey.toUpperCase(), adminId, '0']) {
      expect(await server().bearer(`Bearer ${wrong}`), wrong).toMatchObject({ kind: 'refused', reason: 'bad_token' });
    }
  });

  it('exists only when one is configured', () => {
    expect(adminKeys([]).idOf('')).toBeNull();
    expect(adminKeys([]).has('')).toBe(false);
  });
});

describe('the reasons of refusals', () => {
  it('are a closed list of metric labels', () => {
    expect(new Set(authFailures).size).toBe(authFailures.length);
    for (const reason of authFailures) expect(reason).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });
});
