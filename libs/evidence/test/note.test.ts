import { describe, expect, it } from 'vitest';
import {
  openCheckpoint,
  originOf,
  parseNote,
  sha256,
  signCheckpoint,
  signedBy,
  signerKey,
  signNote,
  verifierKey,
} from '../src/index.ts';

// The example of the Go package golang.org/x/mod/sumdb/note.
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SECRET = 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const PUBLIC = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const NOTE = `${TEXT}
— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

const peter = signerKey('PeterNeumann', Buffer.from(SECRET, 'base64').subarray(1));

describe('signed notes', () => {
  it('are the very notes that Go signs', () => {
    expect(peter.text).toBe(PUBLIC);
    expect(signNote(TEXT, [peter])).toBe(NOTE);
    const note = parseNote(NOTE);
    expect(note?.text).toBe(TEXT);
    expect(note && signedBy(note, [verifierKey(PUBLIC)]).map(({ keyId }) => keyId)).toEqual(['c74f20a3']);
  });

  it('are refused when a byte differs, or nobody known signed', () => {
    for (let at = 0; at < NOTE.length; at++) {
      const other = `${NOTE.slice(0, at)}${NOTE[at] === 'A' ? 'B' : 'A'}${NOTE.slice(at + 1)}`;
      const note = parseNote(other);
      expect(note === null || signedBy(note, [peter]).length === 0, other).toBe(true);
    }
    const other = signerKey('PeterNeumann', sha256('other'));
    const note = parseNote(signNote(TEXT, [other]));
    expect(note && signedBy(note, [peter])).toEqual([]);
    const both = parseNote(signNote(TEXT, [other, peter]));
    expect(both && signedBy(both, [peter])).toEqual([peter]);
  });

  it('refuse keys that are none', () => {
    expect(() => verifierKey(PUBLIC.replace('c74f', 'c74e'))).toThrow(RangeError);
    expect(() => verifierKey('Peter')).toThrow(RangeError);
    expect(() => signerKey('two words', sha256(''))).toThrow(RangeError);
    expect(() => signerKey('name', new Uint8Array(31))).toThrow(RangeError);
    expect(() => signNote('no newline', [peter])).toThrow(RangeError);
  });
});

describe('checkpoints', () => {
  const origin = originOf('log 1');
  const key = signerKey(origin, sha256('seed'));
  const checkpoint = { origin, size: 20_852_163, root: sha256('root'), position: 30_000_000 };
  const note = signCheckpoint(checkpoint, [key]);

  it('say what they said', () => {
    expect(note.split('\n').slice(0, 5)).toEqual([
      'signalbox/log%201',
      '20852163',
      Buffer.from(sha256('root')).toString('base64'),
      'position 30000000',
      '',
    ]);
    expect(openCheckpoint(note, [verifierKey(key.text)])).toEqual({ ...checkpoint, root: Buffer.from(sha256('root')) });
    expect(signCheckpoint(checkpoint, [key])).toBe(note);
  });

  it('are told apart when they cannot be believed', () => {
    const other = signerKey(origin, sha256('other'));
    expect(openCheckpoint(note, [other])).toBe('unknown_key');
    expect(openCheckpoint(note.replace('20852163', '20852164'), [other, key])).toBe('wrong_signature');
    expect(openCheckpoint('x', [key])).toBe('malformed');
    expect(openCheckpoint(signNote('x\n01\nAAAA\n', [key]), [key])).toBe('malformed');
    expect(openCheckpoint(signNote(`x\n1\n${note.split('\n')[2]}\n`, [key]), [key])).toBe('malformed');
  });
});
