import { createHash } from 'node:crypto';
import { systemChance } from '@signalbox/runtime';
import { seededChance } from '@signalbox/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyRing, SealBroken } from '../src/index.ts';

const chance = seededChance(1);
const [first, second, third] = [chance.bytes(32), chance.bytes(32), chance.bytes(32)];
const ring = keyRing([first], chance);
const secret = Buffer.from('a secret that must not be seen');

/** What opening comes to: the bytes, or why not. A throw of anything else fails the test. */
const opening = (by: ReturnType<typeof keyRing>, sealed: string, context: string) => {
  try {
    return Buffer.from(by.open(sealed, context));
  } catch (error) {
    if (error instanceof SealBroken) return error.fault;
    throw error;
  }
};

describe('sealing', () => {
  it('opens again, byte for byte, whatever the bytes and the context are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (plaintext, context) => {
        expect(Buffer.from(ring.open(ring.seal(plaintext, context), context))).toEqual(Buffer.from(plaintext));
      }),
    );
  });

  it('names the version and a piece of the key’s hash, and shows neither the key nor the plaintext', () => {
    const sealed = ring.seal(secret, 'credential/ann');
    const keyId = createHash('sha256').update(first).digest().subarray(0, 8).toString('base64url');
    expect(sealed).toMatch(/^v1\.[\w-]{11}\.[\w-]{16}\.[\w-]+$/);
    expect(sealed.split('.')[1]).toBe(keyId);
    expect(ring.currentKeyId).toBe(keyId);
    for (const part of sealed.split('.')) {
      const bytes = Buffer.from(part, 'base64url');
      expect(bytes.includes(secret.subarray(0, 8))).toBe(false);
      expect(Buffer.from(first).includes(bytes.subarray(0, 8))).toBe(false);
    }
  });

  it('never uses an IV twice in 100,000 seals with the system’s chance', () => {
    const real = keyRing([first], systemChance);
    const ivs = new Set(Array.from({ length: 100_000 }, () => real.seal(new Uint8Array(1), 'c').split('.')[2]));
    expect(ivs.size).toBe(100_000);
  });
});

describe('opening', () => {
  it('refuses a text in which any one bit is flipped', () => {
    const sealed = ring.seal(secret, 'credential/ann');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const bytes = Buffer.from(sealed, 'latin1');
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(opening(ring, bytes.toString('latin1'), 'credential/ann'), `bit ${bit}`).toBeTypeOf('string');
    }
  });

  it('refuses a text with any of its bytes changed, whatever they decode to', () => {
    const [version, keyId, iv, ciphertext] = ring.seal(secret, 'credential/ann').split('.') as [
      string,
      string,
      string,
      string,
    ];
    const bytes = Buffer.from(ciphertext, 'base64url');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (index, mask) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(index) ^ mask, index);
        const text = [version, keyId, iv, changed.toString('base64url')].join('.');
        expect(opening(ring, text, 'credential/ann')).toBe('not_authentic');
      }),
    );
  });

  it('refuses another context than the one it was sealed for', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (sealedFor, openedFor) => {
        fc.pre(sealedFor !== openedFor && Buffer.from(sealedFor).compare(Buffer.from(openedFor)) !== 0);
        expect(opening(ring, ring.seal(secret, sealedFor), openedFor)).toBe('not_authentic');
      }),
    );
  });

  it('refuses anything that is not a sealed text, and never throws anything else', () => {
    const sealed = ring.seal(secret, 'c');
    const wrong = [
      '',
      'v1',
      'v1...',
      `${sealed}.`,
      `${sealed}=`,
      sealed.replace('v1', 'v2'),
      sealed.slice(0, -1),
      sealed.slice(0, 50),
    ];
    for (const text of wrong) expect(opening(ring, text, 'c'), text).toBeTypeOf('string');
    fc.assert(fc.property(fc.string(), (text) => void expect(opening(ring, text, 'c')).toBe('malformed')));
  });

  it('says what is wrong without what was sealed or the key', () => {
    const sealed = ring.seal(secret, 'credential/ann');
    const attempt = () => ring.open(sealed, 'credential/bob');
    expect(attempt).toThrow(SealBroken);
    expect(attempt).toThrow(/^The sealed text for credential\/bob was changed, or belongs to another context\.$/);
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'SEAL_BROKEN', fault: 'not_authentic', name: 'SealBroken' }),
    );
  });
});

describe('a ring of keys', () => {
  const before = keyRing([second, third], chance);
  const rotated = keyRing([first, second, third], chance);

  it('opens with any key and seals with the first', () => {
    const old = before.seal(secret, 'c');
    const fresh = rotated.seal(secret, 'c');
    expect(opening(rotated, old, 'c')).toEqual(secret);
    expect(opening(rotated, fresh, 'c')).toEqual(secret);
    expect(fresh.split('.')[1]).toBe(rotated.currentKeyId);
    expect(rotated.keyIds).toEqual([ring.currentKeyId, ...before.keyIds]);
  });

  it('says so when the key was retired too early', () => {
    expect(opening(before, rotated.seal(secret, 'c'), 'c')).toBe('unknown_key');
  });

  it('does not take one key’s text for another’s', () => {
    const sealed = before.seal(secret, 'c').split('.');
    const relabelled = ['v1', rotated.currentKeyId, sealed[2], sealed[3]].join('.');
    expect(opening(rotated, relabelled, 'c')).toBe('not_authentic');
  });

  it('cannot be made without keys, or with a key that is not 32 bytes', () => {
    expect(() => keyRing([], chance)).toThrow(expect.objectContaining({ code: 'BAD_MASTER_KEY' }));
    for (const length of [0, 16, 31, 33, 64]) {
      expect(() => keyRing([first, new Uint8Array(length)], chance)).toThrow(
        expect.objectContaining({ code: 'BAD_MASTER_KEY' }),
      );
    }
  });
});
