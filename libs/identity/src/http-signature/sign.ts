import { KeyObject, sign } from 'node:crypto';
import { hmacSha256 } from '../hmac.ts';
import { contentDigest } from './content-digest.ts';
import { signatureBase } from './signature-base.ts';
import { bytesMember, signatureInput } from './structured-fields.ts';

export type SignatureHeaders = {
  'signature-input': string;
  signature: string;
  'content-digest'?: string;
};

/**
 * The client's half: the headers that make a request one of `keyid`. `key` is an Ed25519 private key, or the 32 bytes
 * of a credential's secret; `created` is in seconds since the epoch; `nonce` is never to be used again with this key.
 * `url` is absolute; it is normalised as `fetch` does it.
 */
export const signHttpRequest = (request: {
  readonly method: string;
  readonly url: string;
  readonly body: Uint8Array | null;
  readonly keyid: string;
  readonly key: KeyObject | Uint8Array;
  readonly created: number;
  readonly nonce: string;
}): SignatureHeaders => {
  const { method, body, keyid, key, created, nonce } = request;
  const url = new URL(request.url);
  url.hash = '';
  const digest = body !== null && body.length > 0 ? { 'content-digest': contentDigest(body) } : {};
  const alg = key instanceof KeyObject ? 'ed25519' : 'hmac-sha256';
  const input = signatureInput(
    ['@method', '@target-uri', ...Object.keys(digest)],
    new Map<string, string | number>([
      ['created', created],
      ['nonce', nonce],
      ['keyid', keyid],
      ['alg', alg],
    ]),
  );
  const base = signatureBase({ method, targetUri: url.href, headers: digest, body }, input);
  if (base.kind === 'impossible') throw new TypeError(`Cannot sign: ${base.component} ${base.why}.`);
  const text = Buffer.from(base.text, 'latin1');
  const signature = key instanceof KeyObject ? sign(null, text, key) : hmacSha256(key, text);
  return { ...digest, 'signature-input': `sig=${input.text}`, signature: bytesMember('sig', signature) };
};
