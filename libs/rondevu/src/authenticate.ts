import { createHash } from 'node:crypto';
import type { CommandContext } from '@signalbox/commands';
import type { Dialect, Item } from './dialect.ts';
import { Failure, fail } from './failure.ts';
import { isObject } from './json.ts';
import type { RondevuOptions } from './options.ts';
import type { Headers } from './request.ts';
import { signedTexts } from './signed-text.ts';

export type Authorisation = NonNullable<CommandContext['metadata']['authorisation']>;

/** Who called, and what proves it to anyone who asks later. */
export type Proof = { readonly caller: string; readonly authorisation: Authorisation };

/** `optionalMember`: see `signedTexts`. */
export type Authenticate = (
  item: Item,
  dialect: Dialect,
  headers: Headers,
  optionalMember: string | null,
) => Promise<Proof | Failure>;

type Claim = { readonly key: string; readonly timestamp: number; readonly nonce: string; readonly signature: string };

const PUBLIC_KEY = /^[0-9a-f]{64}$/;
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** The order of the checks is the protocol's: clients see which of them failed. */
export const createAuthenticate = (
  options: Pick<RondevuOptions, 'verifyEd25519' | 'verifyHmac' | 'secretsOf' | 'nonces' | 'now'>,
): Authenticate => {
  const { nonces } = options;

  /** Checks texts for this key, or says why the key can't have signed any. */
  const verifierFor = async (dialect: Dialect, key: string, signature: Uint8Array) => {
    if (dialect === 'ed') {
      if (!PUBLIC_KEY.test(key)) return fail('INVALID_PUBLIC_KEY');
      return (text: Uint8Array) => options.verifyEd25519(key, text, signature);
    }
    const secrets = await options.secretsOf(key, options.now());
    if (secrets.length === 0) return fail('INVALID_CREDENTIALS');
    return async (text: Uint8Array) => secrets.some((secret) => options.verifyHmac(secret, text, signature));
  };

  return async (item, dialect, headers, optionalMember) => {
    const claim = dialect === 'ed' ? claimOfKey(item, headers) : claimOfCredential(headers);
    if (claim instanceof Failure) return claim;
    const { key, timestamp, nonce, signature } = claim;

    const age = nonces.check(timestamp);
    if (age === 'too_old') return fail('INVALID_PARAMS', 'The timestamp is too old');
    if (age === 'too_far_ahead') return fail('INVALID_PARAMS', 'The timestamp is too far in the future');

    // Base64url and missing padding are taken too; what is no base64 at all has the wrong length.
    const verify = await verifierFor(dialect, key, Buffer.from(signature, 'base64'));
    if (verify instanceof Failure) return verify;
    if (!UUID_V4.test(nonce)) return fail('INVALID_CREDENTIALS', 'The nonce is not a UUID of version 4');

    const texts = signedTexts({ ...item, timestamp, nonce }, { optionalMember, bodyOrder: dialect !== 'ed' });
    if (texts === 'too_deep') return fail('INTERNAL_ERROR', 'The params are nested too deep to be signed');
    const signedText = await firstVerified(texts, verify);
    if (signedText === undefined) return fail('INVALID_CREDENTIALS', 'The signature is wrong');

    // Signed before this server could have known the nonce: whether it was used can't be told, so it was.
    const unused = age !== 'before_start' && (await nonces.claim(key, nonce, timestamp));
    if (!unused) return fail('INVALID_CREDENTIALS', 'The nonce was used before');

    return {
      caller: key,
      authorisation: {
        scheme: 'rondevu',
        algorithm: dialect === 'ed' ? 'ed25519' : 'hmac-sha256',
        ...{ key, nonce, signature },
        // The log counts whole milliseconds; the hash below is that of the text as it was signed.
        timestamp: Math.floor(timestamp),
        signedTextHash: createHash('sha256').update(signedText).digest('base64url'),
      },
    };
  };
};

const firstVerified = async (texts: Iterable<string>, verify: (text: Uint8Array) => Promise<boolean>) => {
  for (const text of texts) {
    if (await verify(Buffer.from(text, 'utf8'))) return text;
  }
  return undefined;
};

/** Each member from `auth`, else from its header. In `auth` a timestamp is a number, in a header leading digits. */
const claimOfKey = (item: Item, headers: Headers): Claim | Failure => {
  const auth = isObject(item.auth) ? item.auth : {};
  return claimOf(
    auth.publicKey ?? headers.publicKey,
    auth.timestamp ?? leadingInteger(headers.timestamp),
    auth.nonce ?? headers.nonce,
    auth.signature ?? headers.signature,
  );
};

const claimOfCredential = (headers: Headers): Claim | Failure =>
  claimOf(headers.name, leadingInteger(headers.timestamp), headers.nonce, headers.signature);

const claimOf = (key: unknown, timestamp: unknown, nonce: unknown, signature: unknown): Claim | Failure => {
  if (typeof key !== 'string' || key === '') return fail('AUTH_REQUIRED');
  if (typeof timestamp !== 'number' || timestamp === 0) return fail('AUTH_REQUIRED', 'The timestamp is missing');
  if (typeof nonce !== 'string' || nonce === '') return fail('AUTH_REQUIRED', 'The nonce is missing');
  if (typeof signature !== 'string' || signature === '') return fail('AUTH_REQUIRED', 'The signature is missing');
  return { key, timestamp, nonce, signature };
};

/** Undefined where there is none, so that no timestamp is ever NaN, which no comparison would refuse. */
const leadingInteger = (header: string | undefined): number | undefined => {
  const value = Number.parseInt(header ?? '', 10);
  return Number.isNaN(value) ? undefined : value;
};
