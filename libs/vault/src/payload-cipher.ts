import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { SealedPayload } from '@signalbox/event-sourcing';
import type { RandomBytes } from './key-ring.ts';
import { SealBroken } from './seal-broken.ts';

/** What a payload is bound to: moved to another place in the log, or given another type or key, it does not open. */
export type Place = Pick<SealedPayload, 'stream' | 'revision' | 'type'> & { readonly keyId: string };

const VERSION = 1;
const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + IV_BYTES;
const options = { authTagLength: TAG_BYTES };

/**
 * Sealed bytes are the version (0x01), the IV, the ciphertext and its tag. They own their buffer. IVs are random: a data
 * key seals one stream, which is far below what random IVs allow.
 */
export const payloadSealer =
  (random: RandomBytes) =>
  (key: Uint8Array, place: Place, data: Uint8Array): Uint8Array => {
    const iv = random.bytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, iv, options);
    cipher.setAAD(associatedData(place));
    const ciphertext = cipher.update(data);
    cipher.final(); // gives nothing more: the cipher works byte by byte
    const sealed = new Uint8Array(HEAD_BYTES + ciphertext.length + TAG_BYTES);
    sealed[0] = VERSION;
    sealed.set(iv, 1);
    sealed.set(ciphertext, HEAD_BYTES);
    sealed.set(cipher.getAuthTag(), HEAD_BYTES + ciphertext.length);
    return sealed;
  };

/** Throws `SealBroken` unless these very bytes were sealed for this place with this key. */
export const openPayload = (key: Uint8Array, place: Place, sealed: Uint8Array): Uint8Array => {
  if (sealed[0] !== VERSION || sealed.length < HEAD_BYTES + TAG_BYTES) throw new SealBroken('malformed', nameOf(place));
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(1, HEAD_BYTES), options);
  decipher.setAAD(associatedData(place));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const data = decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES));
    decipher.final();
    return data;
  } catch (cause) {
    throw new SealBroken('not_authentic', nameOf(place), { cause });
  }
};

/** Key id, revision and type hold no bar, so no two places give the same bytes whatever the stream is called. */
const associatedData = ({ keyId, stream, revision, type }: Place): Buffer =>
  Buffer.from(`v1|${keyId}|${stream}|${revision}|${type}`, 'utf8');

const nameOf = ({ stream, revision, type }: Place): string => `${type}, revision ${revision} of ${stream},`;
