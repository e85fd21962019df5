import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { SealBroken } from './seal-broken.ts';

/** Where IVs come from: as many unpredictable bytes as asked for. */
export interface RandomBytes {
  bytes(count: number): Uint8Array;
}

/**
 * Encryption at rest with AES-256-GCM. A sealed text is `v1.<key id>.<iv>.<ciphertext and tag>`, the last two in
 * base64url. All of it is authenticated: whatever bit is changed, it does not open.
 */
export interface KeyRing {
  /** The key that seals. */
  readonly currentKeyId: string;
  /** Every key that opens, the current one first. */
  readonly keyIds: readonly string[];
  /** `context` says what this is (`credential/<name>`); it is bound to the text and has to be given again to open it. */
  seal(plaintext: Uint8Array, context: string): string;
  /** Throws `SealBroken` unless this very text was sealed for this context with a key of the ring. */
  open(sealed: string, context: string): Uint8Array;
}

const VERSION = 'v1';
const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The first key seals, any of them opens: to rotate, put the new key in front and keep the old ones for as long as
 * something sealed with them is kept. The IV of each text is random and 96 bits long, which is safe for 2^32 texts
 * under one key. Throws a `RangeError` with code `BAD_MASTER_KEY` when there is no key or one is not 32 bytes long.
 */
export const keyRing = (masterKeys: readonly Uint8Array[], random: RandomBytes): KeyRing => {
  const keys = new Map(masterKeys.map((key) => [keyIdOf(key), secretKey(key)]));
  const [current] = keys;
  if (!current) throw badMasterKey('there is none');
  const [currentKeyId, currentKey] = current;

  return {
    currentKeyId,
    keyIds: [...keys.keys()],
    seal: (plaintext, context) => {
      const iv = random.bytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, currentKey, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(associatedData(currentKeyId, context));
      const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      return [VERSION, currentKeyId, base64url(iv), base64url(ciphertext)].join('.');
    },
    open: (sealed, context) => {
      const [version, keyId = '', ivText = '', ciphertextText = '', ...rest] = sealed.split('.');
      const iv = Buffer.from(ivText, 'base64url');
      const bytes = Buffer.from(ciphertextText, 'base64url');
      // Decoding is lenient. A text that is not exactly what its bytes are written as is not one that was sealed here.
      const exact = base64url(iv) === ivText && base64url(bytes) === ciphertextText;
      if (version !== VERSION || rest.length > 0 || !exact || iv.length !== IV_BYTES || bytes.length < TAG_BYTES) {
        throw new SealBroken('malformed', context);
      }
      const key = keys.get(keyId);
      if (!key) throw new SealBroken('unknown_key', context);
      const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(associatedData(keyId, context));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
      } catch (cause) {
        throw new SealBroken('not_authentic', context, { cause });
      }
    },
  };
};

/** Names a key without telling anything of it: 64 bits of its hash. */
const keyIdOf = (key: Uint8Array): string => base64url(hash('sha256', key, 'buffer').subarray(0, 8));

const secretKey = (key: Uint8Array): KeyObject => {
  if (key.length !== KEY_BYTES) throw badMasterKey(`one has ${key.length} bytes`);
  return createSecretKey(key);
};

const badMasterKey = (problem: string) =>
  Object.assign(new RangeError(`A key ring needs master keys of ${KEY_BYTES} bytes each; ${problem}.`), {
    code: 'BAD_MASTER_KEY' as const,
  });

/** Version and key id can't contain the separator, so no two pairs of key and context give the same bytes. */
const associatedData = (keyId: string, context: string): Uint8Array =>
  Buffer.from(`${VERSION}.${keyId}.${context}`, 'utf8');

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
