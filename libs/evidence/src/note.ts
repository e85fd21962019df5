import type { SignerKey, VerifierKey } from './keys.ts';

/** A text and who signed it (https://c2sp.org/signed-note). */
export type Note = {
  /** Ends with a newline. */
  readonly text: string;
  /** Of every signature line, known or not: `keyId` is eight hex digits. */
  readonly signatures: readonly { readonly name: string; readonly keyId: string; readonly signature: Uint8Array }[];
};

/** Throws a `RangeError` for a text that cannot be signed: it ends with a newline and has no other control characters. */
export const signNote = (text: string, signers: readonly SignerKey[]): string => {
  if (!text.endsWith('\n') || hasControls(text)) throw new RangeError('A note is lines of text.');
  const lines = signers.map((key) => {
    const bytes = Buffer.concat([Buffer.from(key.keyId, 'hex'), key.sign(text)]);
    return `— ${key.name} ${bytes.toString('base64')}\n`;
  });
  return `${text}\n${lines.join('')}`;
};

/** Null for what is no note. Nothing has been verified by this. */
export const parseNote = (note: string): Note | null => {
  const end = note.lastIndexOf('\n\n');
  if (end === -1 || !note.endsWith('\n') || hasControls(note)) return null;
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split('\n');
  const signatures = lines.map(signatureIn);
  return signatures.every((one) => one !== null) ? { text, signatures } : null;
};

const signatureIn = (line: string): Note['signatures'][number] | null => {
  const [, name, encoded] = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
  if (name === undefined || encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.byteLength < 5 || bytes.toString('base64') !== encoded) return null;
  return { name, keyId: bytes.subarray(0, 4).toString('hex'), signature: bytes.subarray(4) };
};

/**
 * The keys, of those that are known, that have signed the note. Signatures of unknown keys are passed over; one of a
 * known key that is wrong makes the whole note wrong: then there are none.
 */
export const signedBy = <Key extends VerifierKey>(note: Note, keys: readonly Key[]): readonly Key[] => {
  const by: Key[] = [];
  for (const { name, keyId, signature } of note.signatures) {
    const key = keys.find((one) => one.name === name && one.keyId === keyId);
    if (!key) continue;
    if (!key.verifies(note.text, signature)) return [];
    by.push(key);
  }
  return by;
};

const hasControls = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
};
