import fc from 'fast-check';
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createTokens, TOKEN_LIFETIME_MS } from '../src/index.ts';
import { bytesFrom, name, t0 } from './examples.ts';

const [current, old, foreign] = [bytesFrom(1), bytesFrom(2), bytesFrom(3)];
const tokensOf = (...keys: Uint8Array[]) => {
  let made = 0;
  return createTokens({ keys, newId: () => `id-${++made}`, cacheSize: 100 });
};
const issued = async (tokens: ReturnType<typeof tokensOf>, now = t0) =>
  (await tokens.issue({ subject: name, scopes: ['client'], now })).token;
const refused = (reason: 'bad_token' | 'expired_token') => ({ kind: 'refused', reason });

describe('a token', () => {
  it('says whom it stands for, what for, and how long', async () => {
    const tokens = tokensOf(current);
    const { token, expiresAt } = await tokens.issue({ subject: name, scopes: ['client', 'audit'], now: t0 + 999 });
    expect(expiresAt).toBe(t0 + 15 * 60_000);
    const [header, payload] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
    expect(JSON.parse(header as string)).toEqual({
      alg: 'HS256',
      typ: 'JWT',
      kid: expect.stringMatching(/^[\w-]{11}$/),
    });
    expect(JSON.parse(payload as string)).toEqual({
      sub: name,
      scope: 'client audit',
      iat: t0 / 1000,
      exp: t0 / 1000 + 900,
      jti: 'id-1',
    });
    const claims = { subject: name, scopes: new Set(['client', 'audit']), issuedAt: t0, expiresAt, id: 'id-1' };
    expect(await tokens.verify(token, t0 + 999)).toEqual({ kind: 'valid', claims });
    expect(await tokens.verify(token, t0 + 999)).toEqual({ kind: 'valid', claims });
  });

  it('is good until, and not at, the moment of its expiry, whether or not it was seen before', async () => {
    const tokens = tokensOf(current);
    const token = await issued(tokens);
    expect(await tokensOf(current).verify(token, t0 + TOKEN_LIFETIME_MS)).toEqual(refused('expired_token'));
    expect(await tokens.verify(token, t0 + TOKEN_LIFETIME_MS - 1)).toMatchObject({ kind: 'valid' });
    expect(await tokens.verify(token, t0 + TOKEN_LIFETIME_MS)).toEqual(refused('expired_token'));
  });

  it('is forgotten by the sweep once it has expired', async () => {
    const tokens = tokensOf(current);
    for (const now of [t0, t0 + 1_000]) await tokens.verify(await issued(tokens, now), now);
    expect(tokens.sweep(t0 + TOKEN_LIFETIME_MS - 1)).toBe(0);
    expect(tokens.sweep(t0 + TOKEN_LIFETIME_MS)).toBe(1);
    expect(tokens.sweep(t0 + TOKEN_LIFETIME_MS)).toBe(0);
    expect(tokens.sweep(t0 + TOKEN_LIFETIME_MS + 1_000)).toBe(1);
  });

  it('is refused with any one of its characters changed', async () => {
    const token = await issued(tokensOf(current));
    const tokens = tokensOf(current);
    await tokens.verify(token, t0);
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= ';
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...letters), async (at, letter) => {
        fc.pre(token[at] !== letter);
        expect(await tokens.verify(token.slice(0, at) + letter + token.slice(at + 1), t0)).toEqual(
          refused('bad_token'),
        );
      }),
      { numRuns: 500 },
    );
    for (const last of letters.replace(token.at(-1) as string, '')) {
      expect(await tokens.verify(token.slice(0, -1) + last, t0), last).toEqual(refused('bad_token'));
    }
  });

  it('is refused when another key signed it, even under the name of ours', async () => {
    const kid = JSON.parse(
      Buffer.from((await issued(tokensOf(current))).split('.')[0] as string, 'base64url').toString(),
    ).kid;
    expect(await tokensOf(current).verify(await issued(tokensOf(foreign)), t0)).toEqual(refused('bad_token'));
    const claims = { sub: name, scope: 'admin', iat: t0 / 1000, exp: t0 / 1000 + 900, jti: 'x' };
    const signed = (alg: string, key: Uint8Array, header: object) =>
      new SignJWT(claims).setProtectedHeader({ alg, ...header }).sign(key);
    expect(await tokensOf(current).verify(await signed('HS256', current, { kid }), t0)).toMatchObject({
      kind: 'valid',
    });
    for (const token of [
      await signed('HS256', foreign, { kid }),
      await signed('HS256', current, { kid: 'other' }),
      await signed('HS256', current, {}),
      await signed('HS512', Buffer.concat([current, current]), { kid }),
      new UnsecuredJWT(claims).encode(),
      `${Buffer.from(JSON.stringify({ alg: 'none', kid })).toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`,
    ]) {
      expect(await tokensOf(current).verify(token, t0), token).toEqual(refused('bad_token'));
    }
  });

  it('is refused when its claims are not those that are written here', async () => {
    const kid = JSON.parse(
      Buffer.from((await issued(tokensOf(current))).split('.')[0] as string, 'base64url').toString(),
    ).kid;
    const good = { sub: name, scope: 'client other', iat: 1, exp: 2, jti: 'x' };
    const verified = async (claims: object) =>
      tokensOf(current).verify(
        await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', kid }).sign(current),
        0,
      );
    expect(await verified(good)).toMatchObject({ kind: 'valid', claims: { scopes: new Set(['client']) } });
    for (const claim of Object.keys(good)) {
      expect(await verified({ ...good, [claim]: undefined }), claim).toEqual(refused('bad_token'));
      expect(await verified({ ...good, [claim]: claim === 'exp' || claim === 'iat' ? 1.5 : 1 }), claim).toEqual(
        refused('bad_token'),
      );
    }
  });

  it('is refused without a throw, whatever it is', async () => {
    const tokens = tokensOf(current);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.array(fc.base64String(), { minLength: 3, maxLength: 3 }).map((parts) => parts.join('.')),
        ),
        async (text) => {
          expect(await tokens.verify(text, t0)).toEqual(refused('bad_token'));
        },
      ),
    );
    expect(await tokens.verify('a'.repeat(10_000), t0)).toEqual(refused('bad_token'));
  });
});

describe('the keys of tokens', () => {
  it('all verify, and the first signs', async () => {
    const before = await issued(tokensOf(old));
    const rotated = tokensOf(current, old);
    expect(await rotated.verify(before, t0)).toMatchObject({ kind: 'valid' });
    expect(await tokensOf(current).verify(await issued(rotated), t0)).toMatchObject({ kind: 'valid' });
    expect(await tokensOf(old).verify(await issued(rotated), t0)).toEqual(refused('bad_token'));
  });

  it('have 32 bytes each, and there is one at least', () => {
    expect(() => tokensOf()).toThrow(expect.objectContaining({ code: 'BAD_TOKEN_KEY' }));
    expect(() => tokensOf(current, new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'BAD_TOKEN_KEY' }));
  });
});
