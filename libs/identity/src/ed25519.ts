import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { LRUCache } from 'lru-cache';

export interface Ed25519Verifier {
  /**
   * Whether the holder of this key signed the text. Runs on the thread pool, so the event loop goes on meanwhile.
   * A key that is not 64 lower-case hex digits, is no point of the curve, or is one that everyone can sign for,
   * gives false, as does a signature that is not 64 bytes. Never rejects.
   */
  verify(publicKeyHex: string, text: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** `cacheSize`: how many imported keys are kept, the least recently used one making room. */
export const ed25519Verifier = (options: { readonly cacheSize: number }): Ed25519Verifier => {
  const imported = new LRUCache<string, KeyObject>({ max: options.cacheSize });

  const keyOf = (publicKeyHex: string): KeyObject | undefined => {
    const known = imported.get(publicKeyHex);
    if (known) return known;
    const key = importKey(publicKeyHex);
    if (key) imported.set(publicKeyHex, key);
    return key;
  };

  return {
    verify: (publicKeyHex, text, signature) => {
      const key = signature.length === 64 ? keyOf(publicKeyHex) : undefined;
      if (!key) return Promise.resolve(false);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      // An error means that the key is not a point of the curve: only then does the library not come to a verdict.
      verify(null, text, key, signature, (error, valid) => resolve(!error && valid));
      return promise;
    },
  };
};

const importKey = (publicKeyHex: string): KeyObject | undefined => {
  if (!isEd25519Key(publicKeyHex)) return undefined;
  const raw = Buffer.from(publicKeyHex, 'hex');
  try {
    return createPublicKey({ key: raw, format: 'raw-public', asymmetricKeyType: 'ed25519' });
  } catch {
    return undefined;
  }
};

/**
 * Whether the text is written as a key and not one of the few for which signatures can be made without a private key.
 * Those are the points of small order, and the encodings of a coordinate that exceeds the field's prime 2^255 - 19,
 * which other libraries may read as one of them. The sign bit (the top bit of the last byte) makes no difference. Some
 * versions of the platform's library refuse these keys by themselves; who is who must not rest on the version.
 */
export const isEd25519Key = (text: string): boolean => {
  if (!/^[0-9a-f]{64}$/.test(text)) return false;
  const lastByte = Number.parseInt(text.slice(62), 16) & 0x7f;
  const y = text.slice(0, 62) + lastByte.toString(16).padStart(2, '0');
  return !smallOrder.has(y) && !notReduced.test(y);
};

/** The y coordinates, little-endian, of the eight points whose order divides eight. */
const smallOrder: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** From 2^255 - 19 to 2^255 - 1. */
const notReduced = /^(e[d-f]|f[0-9a-f])(ff){30}7f$/;
