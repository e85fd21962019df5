import { seededChance } from '@signalbox/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCredentialName, newCredentialName, newSecret } from '../src/index.ts';

const made = (count: number) => {
  const chance = seededChance(1);
  return Array.from({ length: count }, () => newCredentialName(chance));
};

describe('a new credential’s name', () => {
  it('is two words and 16 hex digits, within the rule for names', () => {
    for (const name of made(10_000)) {
      expect(name).toMatch(/^[a-z]{2,7}-[a-z]{2,7}-[0-9a-f]{16}$/);
      expect(isCredentialName(name), name).toBe(true);
    }
  });

  it('has one of 576 pairs of words, and digits of its own', () => {
    const names = made(20_000);
    expect(new Set(names.map((name) => name.slice(0, -17))).size).toBe(576);
    expect(new Set(names.map((name) => name.slice(-16))).size).toBe(20_000);
  });

  it('depends on nothing but the chance that is handed in', () => {
    expect(made(3)).toEqual(made(3));
    expect(newCredentialName({ bytes: (count) => new Uint8Array(count) })).toBe('amber-arch-0000000000000000');
    expect(newCredentialName({ bytes: (count) => new Uint8Array(count).fill(255) })).toBe(
      'placid-siding-ffffffffffffffff',
    );
  });
});

describe('the rule for names', () => {
  it('takes 4 to 32 of a–z 0–9 . - with a letter or digit at both ends', () => {
    for (const name of ['abcd', 'a.-z', '0-.9', 'a'.repeat(32)]) expect(isCredentialName(name), name).toBe(true);
    for (const name of [
      '',
      'abc',
      'a'.repeat(33),
      '-abc',
      'abc-',
      '.abc',
      'abc.',
      'Abcd',
      'ab_d',
      'ab d',
      'äbcd',
      'abcd\n',
    ]) {
      expect(isCredentialName(name), name).toBe(false);
    }
  });

  it('takes no public key and no admin', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(isCredentialName(Buffer.from(bytes).toString('hex'))).toBe(false);
        expect(isCredentialName(`admin:${Buffer.from(bytes).toString('hex', 0, 8)}`)).toBe(false);
      }),
    );
  });
});

describe('a new secret', () => {
  it('is the 32 bytes of chance as lower-case hex digits', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
    expect(newSecret({ bytes: (count) => bytes.subarray(0, count) })).toBe(Buffer.from(bytes).toString('hex'));
    expect(newSecret({ bytes: (count) => bytes.subarray(0, count) })).toMatch(/^[0-9a-f]{64}$/);
  });
});
