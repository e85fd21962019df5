import { createHash, createHmac, createPrivateKey, sign } from 'node:crypto';
import { ed25519Verifier, verifyHmac } from '@signalbox/identity';
import { describe, expect, it } from 'vitest';
import { createAuthenticate } from '../src/authenticate.ts';
import { fail } from '../src/failure.ts';
import type { Json } from '../src/json.ts';
import { signedTexts } from '../src/signed-text.ts';
import { keyPair, type SignedVector, secret, signedVectors } from './signatures.data.ts';

const optionalMembers: Readonly<Record<string, string>> = {
  publishOffer: 'ttl',
  answerOffer: 'matchedTags',
  poll: 'since',
  getIceCandidates: 'since',
};

const parsed = ({ params }: SignedVector) => (params === undefined ? undefined : (JSON.parse(params) as Json));

/** Everything real but the memory of nonces, a double that takes every nonce for new. */
const authenticateWith = (check: 'fresh' | 'before_start') =>
  createAuthenticate({
    verifyEd25519: ed25519Verifier({ cacheSize: 10 }).verify,
    verifyHmac,
    secretsOf: async (name) => (name === 'alice' ? [Buffer.alloc(32), Buffer.from(secret, 'hex')] : []),
    nonces: { check: () => check, claim: async () => true },
    now: () => 1_700_000_000_000,
  });

const authenticated = (
  vector: SignedVector,
  changes: { readonly signature?: string; readonly method?: string; readonly check?: 'before_start' } = {},
) => {
  const { dialect, timestamp, nonce } = vector;
  const method = changes.method ?? vector.method;
  const signature = changes.signature ?? vector.signature;
  const key = dialect === 'ed' ? keyPair.publicKey : 'alice';
  const auth = dialect === 'ed' ? { publicKey: key, timestamp, nonce, signature } : undefined;
  const headers =
    dialect === 'ed'
      ? { publicKey: undefined, name: undefined, timestamp: undefined, nonce: undefined, signature: undefined }
      : { publicKey: undefined, name: key, timestamp: String(timestamp), nonce, signature };
  const item = { method, params: parsed(vector), auth };
  return authenticateWith(changes.check ?? 'fresh')(item, dialect, headers, optionalMembers[vector.method] ?? null);
};

describe.each(signedVectors)('signed with $what', (vector) => {
  it('has this text among those that the client may have signed', () => {
    const { timestamp, nonce, method } = vector;
    const texts = signedTexts(
      { timestamp, nonce, method, params: parsed(vector) },
      { optionalMember: optionalMembers[method] ?? null, bodyOrder: vector.dialect !== 'ed' },
    );
    expect([...texts]).toContain(vector.text);
  });

  it('has this signature and hash', () => {
    expect(signatureOf(vector)).toBe(vector.signature);
    expect(createHash('sha256').update(vector.text).digest('base64url')).toBe(vector.hash);
  });

  it('proves who is calling', async () => {
    const { dialect, timestamp, nonce, signature } = vector;
    const key = dialect === 'ed' ? keyPair.publicKey : 'alice';
    expect(await authenticated(vector)).toEqual({
      caller: key,
      authorisation: {
        scheme: 'rondevu',
        key,
        algorithm: dialect === 'ed' ? 'ed25519' : 'hmac-sha256',
        nonce,
        timestamp: Math.floor(timestamp),
        signature,
        signedTextHash: vector.hash,
      },
    });
  });

  it('proves it in base64url and without padding too', async () => {
    const signature = Buffer.from(vector.signature, 'base64').toString('base64url');
    expect(await authenticated(vector, { signature })).toMatchObject({ authorisation: { signature } });
  });

  it('proves nothing when it was signed before the server started', async () => {
    expect(await authenticated(vector, { check: 'before_start' })).toEqual(
      fail('INVALID_CREDENTIALS', 'The nonce was used before'),
    );
  });

  it('proves nothing for another method', async () => {
    expect(await authenticated(vector, { method: 'deleteOffer' })).toEqual(
      fail('INVALID_CREDENTIALS', 'The signature is wrong'),
    );
  });

  it('proves nothing when a bit or the length of the signature is another', async () => {
    const bytes = Buffer.from(vector.signature, 'base64');
    const flipped = Buffer.from(bytes.map((byte, index) => (index === 3 ? byte ^ 1 : byte)));
    for (const wrong of [flipped, bytes.subarray(1), Buffer.concat([bytes, bytes])]) {
      expect(await authenticated(vector, { signature: wrong.toString('base64') })).toEqual(
        fail('INVALID_CREDENTIALS', 'The signature is wrong'),
      );
    }
  });
});

describe('the texts that may have been signed', () => {
  const request = { timestamp: 1, nonce: 'n', method: 'm' };

  it('come likeliest first: canonical, with the optional member undefined, in the order of the body', () => {
    const params = { b: 1, a: 2 };
    expect([...signedTexts({ ...request, params }, { optionalMember: 'c', bodyOrder: true })]).toEqual([
      '1:n:m:{"a":2,"b":1}',
      '1:n:m:{"a":2,"b":1,"c":undefined}',
      '1:n:m:{"b":1,"a":2}',
    ]);
  });

  it('do not take for undefined what was sent, be it null', () => {
    const params = { since: null };
    expect([...signedTexts({ ...request, params }, { optionalMember: 'since', bodyOrder: false })]).toEqual([
      '1:n:m:{"since":null}',
    ]);
  });

  it('have arrays and strings as they are', () => {
    const options = { optionalMember: 'since', bodyOrder: false };
    expect([...signedTexts({ ...request, params: [1, 'a'] }, options)]).toEqual(['1:n:m:[1,"a"]']);
    expect([...signedTexts({ ...request, params: 'a' }, options)]).toEqual(['1:n:m:"a"']);
  });

  it('do not exist for params that are nested too deep', () => {
    const params = JSON.parse(`${'['.repeat(101)}1${']'.repeat(101)}`) as Json;
    expect(signedTexts({ ...request, params }, { optionalMember: null, bodyOrder: true })).toBe('too_deep');
  });
});

const signatureOf = ({ dialect, text }: SignedVector): string => {
  if (dialect !== 'ed') return createHmac('sha256', Buffer.from(secret, 'hex')).update(text).digest('base64');
  const pkcs8 = Buffer.from(`302e020100300506032b657004220420${keyPair.seed}`, 'hex');
  return sign(null, Buffer.from(text), createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).toString(
    'base64',
  );
};
