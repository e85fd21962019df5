import { hash } from 'node:crypto';
import { type Authorisation, type Refused, refused } from '../caller.ts';
import type { Ed25519Verifier } from '../ed25519.ts';
import { verifyHmac } from '../hmac.ts';
import type { NonceGuard } from '../nonce-guard.ts';
import type { SecretLookup } from '../ports/secrets.ts';
import { matchesContentDigest } from './content-digest.ts';
import { type ProfiledSignature, readSignature } from './profile.ts';
import { fieldOf, hasBody, type SignedRequest } from './request.ts';
import { signatureBase } from './signature-base.ts';

export type VerifiedSignature = {
  readonly kind: 'verified';
  /** The credential name or the Ed25519 public key that signed. */
  readonly identity: string;
  readonly authorisation: Authorisation;
};

export type SignatureChecks = {
  readonly guard: NonceGuard;
  readonly secrets: SecretLookup;
  readonly ed25519: Ed25519Verifier;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

/**
 * Who signed this request, by the profile of RFC 9421 that this server asks for. The checks run from cheap to dear,
 * and the nonce is claimed last, so that only a verified request uses one up. Rejects only when the secrets or the
 * nonces cannot be had.
 */
export const verifyHttpSignature = async (
  request: SignedRequest,
  checks: SignatureChecks,
): Promise<VerifiedSignature | Refused> => {
  const claimed = readSignature(request);
  if (claimed.kind === 'refused') return claimed;
  const signedAt = claimed.created * 1000; // A second stands for its first millisecond, here and in the guard (ADR-0004).
  const stale = notFresh(claimed, signedAt, checks);
  if (stale) return stale;

  const digest = fieldOf(request.headers, 'content-digest');
  if (hasBody(request) && (digest === undefined || !matchesContentDigest(digest, request.body))) {
    return refused('bad_digest', 'Content-Digest is not the sha-256 or sha-512 digest of the body as it arrived.');
  }
  const base = signatureBase(request, claimed.input);
  if (base.kind === 'impossible') {
    return refused('malformed', `The signature covers ${base.component}, which ${base.why}.`);
  }
  const text = Buffer.from(base.text, 'latin1');
  const wrong = await notSigned(claimed, text, checks);
  if (wrong) return wrong;

  if (!(await checks.guard.claim(claimed.keyid, claimed.nonce, signedAt))) {
    return refused('replayed', 'This key has used this nonce before. Sign each request anew, with a nonce of its own.');
  }
  return {
    kind: 'verified',
    identity: claimed.keyid,
    authorisation: {
      scheme: 'http-signature',
      key: claimed.keyid,
      algorithm: claimed.algorithm,
      nonce: claimed.nonce,
      timestamp: signedAt,
      signature: Buffer.from(claimed.signature).toString('base64'),
      signedTextHash: hash('sha256', text, 'base64url'),
    },
  };
};

const notFresh = (
  claimed: ProfiledSignature,
  signedAt: number,
  { guard, now }: SignatureChecks,
): Refused | undefined => {
  const window = `${guard.windowMs / 1000} s`;
  switch (guard.check(signedAt)) {
    case 'too_old':
      return refused(
        'too_old',
        `created is more than ${window} before the server’s clock. Sign again with the time of now.`,
      );
    case 'too_far_ahead':
      return refused('too_far_ahead', `created is more than ${window} ahead of the server’s clock. Set the clock.`);
    case 'before_start': {
      const firstSecond = Math.ceil(guard.refuseSignedBefore / 1000) * 1000;
      const detail = 'The server has started since the second in which this was signed. Sign again in a moment.';
      return refused('signed_before_start', detail, firstSecond - signedAt);
    }
    case 'fresh':
      return claimed.expires !== null && now() >= claimed.expires * 1000
        ? refused('too_old', 'The signature was made to expire, and it has. Sign again.')
        : undefined;
  }
};

const notSigned = async (
  { keyid, algorithm, signature }: ProfiledSignature,
  text: Uint8Array,
  { secrets, ed25519, now }: SignatureChecks,
): Promise<Refused | undefined> => {
  if (algorithm === 'ed25519') {
    if (await ed25519.verify(keyid, text, signature)) return undefined;
  } else {
    const known = await secrets.secretsOf(keyid, now());
    if (known.length === 0) {
      return refused(
        'unknown_key',
        'There is no credential of this name, or it has ended. Issue one: POST /v1/credentials.',
      );
    }
    if (known.some((secret) => verifyHmac(secret, text, signature))) return undefined;
  }
  return refused(
    'bad_signature',
    'The signature is not one of this key over this request. Compare the signature base, @target-uri above all, with the request as it is sent.',
  );
};
