import { createSecretKey, hash, type webcrypto } from 'node:crypto';
import { CompactSign, compactVerify, errors } from 'jose';
import { LRUCache } from 'lru-cache';
import { type Scope, scopes } from './caller.ts';

export type TokenClaims = {
  /** The identity that the token stands for. */
  readonly subject: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Epoch milliseconds, in whole seconds, as are the claims `iat` and `exp`. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly id: string;
};

export type TokenOutcome =
  | { readonly kind: 'valid'; readonly claims: TokenClaims }
  | { readonly kind: 'refused'; readonly reason: 'bad_token' | 'expired_token' };

/** Short-lived bearer tokens: JWTs that this deployment signs and checks itself. */
export interface Tokens {
  /** The token is good for 15 minutes from the second in which it is issued, until (and not at) `expiresAt`. */
  issue(of: {
    readonly subject: string;
    readonly scopes: Iterable<Scope>;
    readonly now: number;
  }): Promise<{ readonly token: string; readonly expiresAt: number }>;
  /** Never rejects on account of the token, whatever it is. */
  verify(token: string, now: number): Promise<TokenOutcome>;
  /** Forgets verified tokens that are expired at `now`; answers with how many. */
  sweep(now: number): number;
}

export const TOKEN_LIFETIME_MS = 15 * 60_000;

const ALGORITHM = 'HS256';
const MAX_TOKEN_LENGTH = 2048;

/**
 * Each key has 32 bytes; the first signs, all verify. A token that was verified is remembered until it expires (at
 * most `cacheSize` of them), so that a caller who keeps using one pays for its verification once. Throws a
 * `RangeError` with code `BAD_TOKEN_KEY` when there is no key or one is not 32 bytes long.
 */
export const createTokens = (options: {
  readonly keys: readonly Uint8Array[];
  /** Makes the `jti` of a token: a text that no other token has. */
  readonly newId: () => string;
  readonly cacheSize: number;
}): Tokens => {
  const keys = new Map(options.keys.map((key) => [keyIdOf(key), signingKey(key)]));
  const [current] = keys;
  if (!current) throw badTokenKey('there is none');
  const [currentKeyId, currentKey] = current;
  const verified = new LRUCache<string, TokenClaims>({ max: options.cacheSize });

  const claimsOf = async (token: string): Promise<TokenClaims | undefined> => {
    if (token.length > MAX_TOKEN_LENGTH || !isExact(token)) return undefined;
    try {
      const keyOf = ({ kid }: { readonly kid?: string }) => {
        const key = keys.get(kid ?? '');
        if (!key) throw new errors.JWSInvalid('unknown key');
        return key;
      };
      return readClaims((await compactVerify(token, keyOf, { algorithms: [ALGORITHM] })).payload);
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  };

  return {
    issue: async ({ subject, scopes: granted, now }) => {
      const iat = Math.floor(now / 1000);
      const exp = iat + TOKEN_LIFETIME_MS / 1000;
      const claims = { sub: subject, scope: [...granted].join(' '), iat, exp, jti: options.newId() };
      const token = await new CompactSign(Buffer.from(JSON.stringify(claims), 'utf8'))
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: currentKeyId })
        .sign(currentKey);
      return { token, expiresAt: exp * 1000 };
    },
    verify: async (token, now) => {
      const known = verified.get(token);
      const claims = known ?? (await claimsOf(token));
      if (!claims) return { kind: 'refused', reason: 'bad_token' };
      if (now >= claims.expiresAt) return { kind: 'refused', reason: 'expired_token' };
      if (!known) verified.set(token, claims);
      return { kind: 'valid', claims };
    },
    sweep: (now) => {
      let removed = 0;
      for (const [token, claims] of [...verified.entries()]) {
        if (now >= claims.expiresAt && verified.delete(token)) removed++;
      }
      return removed;
    },
  };
};

/** Names a key without telling anything of it: 64 bits of its hash. */
const keyIdOf = (key: Uint8Array): string => hash('sha256', key, 'buffer').subarray(0, 8).toString('base64url');

const signingKey = (key: Uint8Array): webcrypto.CryptoKey => {
  if (key.length !== 32) throw badTokenKey(`one has ${key.length} bytes`);
  return createSecretKey(key).toCryptoKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
};

const badTokenKey = (problem: string) =>
  Object.assign(new RangeError(`Tokens need keys of 32 bytes each; ${problem}.`), { code: 'BAD_TOKEN_KEY' as const });

/** Base64url leaves bits unused at the end of a part. A token has one way of writing only, so that a cached one has. */
const isExact = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

/** Undefined unless these are the claims that `issue` writes. */
const readClaims = (payload: Uint8Array): TokenClaims | undefined => {
  const claims = parseObject(payload);
  if (!claims) return undefined;
  const { sub, scope, iat, exp, jti } = claims;
  if (typeof sub !== 'string' || typeof scope !== 'string' || typeof jti !== 'string') return undefined;
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return undefined;
  const granted = scopes.filter((known) => scope.split(' ').includes(known));
  return {
    subject: sub,
    scopes: new Set(granted),
    issuedAt: Number(iat) * 1000,
    expiresAt: Number(exp) * 1000,
    id: jti,
  };
};

const parseObject = (payload: Uint8Array): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
};
