import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { sha256 } from './event-hash.ts';

/**
 * Keys of signed notes (https://c2sp.org/signed-note). A key has a name, which must not hold blanks or plus signs, and
 * an id of four bytes made of the name and the key.
 */
export type VerifierKey = {
  readonly name: string;
  /** Eight hex digits. */
  readonly keyId: string;
  /** `<name>+<key id>+<base64 of 0x01 and the 32 bytes of the key>`: what is given to whoever verifies. */
  readonly text: string;
  verifies(message: string, signature: Uint8Array): boolean;
};

export type SignerKey = VerifierKey & { sign(message: string): Uint8Array };

const ED25519 = 1;
const PRIVATE_KEY_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_KEY_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** Of an Ed25519 key's seed of 32 bytes. Throws a `RangeError` for another length, or a name that is none. */
export const signerKey = (name: string, seed: Uint8Array): SignerKey => {
  if (seed.byteLength !== 32) throw new RangeError('The seed of an Ed25519 key has 32 bytes.');
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_KEY_HEAD, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key);
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_KEY_HEAD.byteLength);
  return { ...verifierOf(name, raw, publicKey), sign: (message) => sign(null, Buffer.from(message), key) };
};

/** Reads what `text` of a key says. Throws a `RangeError` that says what is wrong with it. */
export const verifierKey = (text: string): VerifierKey => {
  const [, name, keyId, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim()) ?? [];
  if (name === undefined || encoded === undefined) {
    throw new RangeError('A public key of checkpoints is written <name>+<8 hex digits>+<base64>.');
  }
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.byteLength !== 33 || bytes[0] !== ED25519) throw new RangeError('It is no Ed25519 key.');
  const raw = bytes.subarray(1);
  const key = createPublicKey({ key: Buffer.concat([PUBLIC_KEY_HEAD, raw]), format: 'der', type: 'spki' });
  const made = verifierOf(name, raw, key);
  if (made.keyId !== keyId) throw new RangeError('The id of the key is not that of its name and bytes.');
  return made;
};

/** Which name the keys of a log have, and which origin its checkpoints. */
export const originOf = (logId: string): string => `signalbox/${encodeURIComponent(logId)}`;

const verifierOf = (name: string, raw: Uint8Array, key: KeyObject): VerifierKey => {
  if (!/^[^\s+]+$/.test(name)) throw new RangeError('The name of a key holds no blanks and no plus signs.');
  const bytes = Buffer.concat([Buffer.from([ED25519]), raw]);
  const keyId = Buffer.from(sha256(Buffer.concat([Buffer.from(`${name}\n`), bytes])).subarray(0, 4)).toString('hex');
  return {
    name,
    keyId,
    text: `${name}+${keyId}+${bytes.toString('base64')}`,
    verifies: (message, signature) => verify(null, Buffer.from(message), key, signature),
  };
};
