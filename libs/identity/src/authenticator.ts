import type { AdminKeys } from './admin-keys.ts';
import { type AuthOutcome, type Caller, type Refused, refused, type Scope } from './caller.ts';
import { isEd25519Key } from './ed25519.ts';
import { fieldOf, type SignedRequest } from './http-signature/request.ts';
import { type SignatureChecks, verifyHttpSignature } from './http-signature/verify.ts';
import type { TokenClaims, Tokens } from './tokens.ts';

export type Authenticate = (request: SignedRequest) => Promise<AuthOutcome>;

/** Tokens and admin keys name an admin key so, in a form that no credential name and no public key has. */
const ADMIN = 'admin:';
const clientScopes: ReadonlySet<Scope> = new Set(['client']);
const adminScopes: ReadonlySet<Scope> = new Set(['admin', 'audit']);

/**
 * Who sends an HTTP request: `Authorization: Bearer` with a token or an admin key, or an HTTP signature. A request
 * with both is refused, since it says twice who is calling and might not say the same. A request with neither is
 * anonymous; whether that will do is the route's business. Rejects only when a port does.
 *
 * For streams of browsers, which can't set headers, hand in the token as an `authorization` header.
 */
export const createAuthenticator = (
  by: SignatureChecks & {
    readonly tokens: Tokens;
    readonly adminKeys: AdminKeys;
    /** Whether the credential is issued and has not ended: a revoked one takes its tokens with it. */
    readonly isLive: (name: string, now: number) => Promise<boolean>;
  },
): Authenticate => {
  const isStillGood = async (subject: string): Promise<boolean> => {
    if (subject.startsWith(ADMIN)) return by.adminKeys.has(subject.slice(ADMIN.length));
    return isEd25519Key(subject) || (await by.isLive(subject, by.now()));
  };

  const byToken = async (token: string): Promise<AuthOutcome> => {
    const outcome = await by.tokens.verify(token, by.now());
    if (outcome.kind === 'refused') return refused(outcome.reason, tokenHelp[outcome.reason]);
    if (!(await isStillGood(outcome.claims.subject))) {
      return refused('ended_credential', 'The credential of this token was revoked or has expired. Issue a new one.');
    }
    return { kind: 'caller', caller: tokenCaller(outcome.claims) };
  };

  const byBearer = async (authorization: string): Promise<AuthOutcome> => {
    const bearer = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1];
    if (bearer === undefined) return refused('malformed', 'Authorization must be "Bearer", a space, and a token.');
    if (bearer.includes('.')) return byToken(bearer); // only a JWT has dots
    const keyId = by.adminKeys.idOf(bearer);
    return keyId === null ? refused('bad_token', tokenHelp.bad_token) : { kind: 'caller', caller: adminCaller(keyId) };
  };

  const bySignature = async (request: SignedRequest): Promise<AuthOutcome> => {
    const verified = await verifyHttpSignature(request, by);
    if (verified.kind === 'refused') return verified;
    const { identity, authorisation } = verified;
    return { kind: 'caller', caller: { identity, scopes: clientScopes, authorisation } };
  };

  return async (request) => {
    const authorization = fieldOf(request.headers, 'authorization');
    const signed = ['signature', 'signature-input'].some((name) => fieldOf(request.headers, name) !== undefined);
    if (authorization !== undefined && signed) return saidTwice;
    if (authorization !== undefined) return byBearer(authorization);
    return signed ? bySignature(request) : { kind: 'anonymous' };
  };
};

const saidTwice: Refused = refused('ambiguous', 'Send either Authorization or a signature; the request has both.');

const tokenHelp = {
  bad_token: 'This is no token of this server. Get one: POST /v1/credentials or POST /v1/tokens.',
  expired_token: 'The token has expired; tokens last 15 minutes. Get a new one: POST /v1/tokens.',
} as const;

const tokenCaller = (claims: TokenClaims): Caller => ({
  identity: claims.subject,
  scopes: claims.scopes,
  authorisation: {
    scheme: 'token',
    key: claims.subject,
    algorithm: null,
    nonce: claims.id,
    timestamp: claims.issuedAt,
    signature: null,
    signedTextHash: null,
  },
});

const adminCaller = (keyId: string): Caller => ({
  identity: ADMIN + keyId,
  scopes: adminScopes,
  authorisation: {
    scheme: 'admin',
    key: ADMIN + keyId,
    algorithm: null,
    nonce: null,
    timestamp: null,
    signature: null,
    signedTextHash: null,
  },
});
