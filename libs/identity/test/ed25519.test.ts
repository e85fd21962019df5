import { sign } from 'node:crypto';
import { settle } from '@signalbox/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ed25519Verifier, isEd25519Key } from '../src/index.ts';
import { bytesFrom, ed25519Key, key } from './examples.ts';

const verifier = ed25519Verifier({ cacheSize: 2 });
const text = Buffer.from('1700000000000:nonce:poll:{}');
const signature = sign(null, text, key.privateKey);

// RFC 8032, section 7.1, tests 1 to 3.
const vectors = [
  {
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    text: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    text: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    text: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
];

describe('an Ed25519 signature', () => {
  for (const [index, vector] of vectors.entries()) {
    it(`is accepted as in RFC 8032, test ${index + 1}`, async () => {
      const hex = (digits: string) => Buffer.from(digits, 'hex');
      expect(await verifier.verify(vector.key, hex(vector.text), hex(vector.signature))).toBe(true);
    });
  }

  it('is refused when a bit of the text, of the signature or of the key is another', async () => {
    const flipped = (bytes: Uint8Array, bit: number) =>
      bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length * 8 - 1), fc.nat(511), fc.nat(255), async (inText, inSignature, inKey) => {
        const otherKey = Buffer.from(flipped(Buffer.from(key.publicKeyHex, 'hex'), inKey)).toString('hex');
        expect(await verifier.verify(key.publicKeyHex, flipped(text, inText), signature)).toBe(false);
        expect(await verifier.verify(key.publicKeyHex, text, flipped(signature, inSignature))).toBe(false);
        expect(await verifier.verify(otherKey, text, signature)).toBe(false);
      }),
    );
    expect(await verifier.verify(key.publicKeyHex, text, signature)).toBe(true);
  });

  it('is refused when it is not 64 bytes long', async () => {
    for (const length of [0, 32, 63, 65, 128]) {
      expect(await verifier.verify(key.publicKeyHex, text, Buffer.alloc(length, signature))).toBe(false);
    }
  });

  it('is refused, without a throw, for whatever is not a key', async () => {
    const wrong = [
      '',
      'name',
      key.publicKeyHex.toUpperCase(),
      key.publicKeyHex.slice(1),
      `${key.publicKeyHex}0`,
      `g${key.publicKeyHex.slice(1)}`,
    ];
    for (const notAKey of wrong) expect(await verifier.verify(notAKey, text, signature), notAKey).toBe(false);
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.uint8Array({ minLength: 32, maxLength: 32 }), async (any, point) => {
        expect(await verifier.verify(any, text, signature)).toBe(false);
        expect(await verifier.verify(Buffer.from(point).toString('hex'), text, signature)).toBe(false); // half are no point
      }),
    );
  });

  it('is verified beside the event loop, which goes on turning meanwhile', async () => {
    let pending = 400;
    const all = Array.from({ length: pending }, () =>
      verifier.verify(key.publicKeyHex, text, signature).finally(() => pending--),
    );
    let turns = 0;
    for (; pending > 0; turns++) await settle();
    expect(await Promise.all(all)).toEqual(Array.from({ length: 400 }, () => true));
    expect(turns).toBeGreaterThan(10);
  });

  it('is verified for more keys than are kept', async () => {
    const keys = [0, 32, 64, 96].map((first) => ed25519Key(bytesFrom(first)));
    for (const { privateKey, publicKeyHex } of [...keys, ...keys]) {
      expect(await verifier.verify(publicKeyHex, text, sign(null, text, privateKey))).toBe(true);
    }
  });
});

describe('a key that everyone can sign for', () => {
  // The curve in a few lines, so that the points of small order are found by what they are and not by a list.
  const p = 2n ** 255n - 19n;
  const mod = (a: bigint) => ((a % p) + p) % p;
  const power = (base: bigint, exponent: bigint): bigint => {
    let result = 1n;
    for (let [b, e] = [mod(base), exponent]; e > 0n; [b, e] = [mod(b * b), e >> 1n])
      if (e & 1n) result = mod(result * b);
    return result;
  };
  const d = mod(-121665n * power(121666n, p - 2n));
  type Point = readonly [bigint, bigint];
  const add = ([x1, y1]: Point, [x2, y2]: Point): Point => {
    const t = mod(d * x1 * x2 * y1 * y2);
    return [mod((x1 * y2 + x2 * y1) * power(1n + t, p - 2n)), mod((y1 * y2 + x1 * x2) * power(1n - t, p - 2n))];
  };
  const times = (n: bigint, point: Point): Point => {
    let result: Point = [0n, 1n];
    for (let [q, e] = [point, n]; e > 0n; [q, e] = [add(q, q), e >> 1n]) if (e & 1n) result = add(result, q);
    return result;
  };
  const xOf = (y: bigint): bigint | null => {
    const square = mod((y * y - 1n) * power(d * y * y + 1n, p - 2n));
    const root = power(square, (p + 3n) / 8n);
    const candidates = [root, mod(root * power(2n, (p - 1n) / 4n))];
    return candidates.find((x) => mod(x * x) === square) ?? null;
  };
  const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;
  const encoded = (y: bigint, sign_: bigint): string => {
    const bytes = Buffer.from((y | (sign_ << 255n)).toString(16).padStart(64, '0'), 'hex');
    return bytes.reverse().toString('hex');
  };
  const torsion = (): Point[] => {
    for (let y = 2n; ; y++) {
      const x = xOf(y);
      if (x === null) continue;
      const generator = times(groupOrder, [x, y]);
      const all = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].map((n) => times(n, generator));
      if (new Set(all.map(String)).size === 8) return all;
    }
  };
  const smallOrderKeys = torsion().flatMap(([, y]) => [encoded(y, 0n), encoded(y, 1n)]);
  const notReduced = Array.from({ length: 19 }, (_, i) => [
    encoded(p + BigInt(i), 0n),
    encoded(p + BigInt(i), 1n),
  ]).flat();

  it('is no identity: none of the points of small order, and no coordinate beyond the prime', async () => {
    expect(new Set(smallOrderKeys).size).toBe(10); // five coordinates, each with either sign bit
    for (const publicKeyHex of [...smallOrderKeys, ...notReduced]) {
      expect(isEd25519Key(publicKeyHex), publicKeyHex).toBe(false);
      for (const r of [publicKeyHex, encoded(1n, 0n)]) {
        const forged = Buffer.concat([Buffer.from(r, 'hex'), Buffer.alloc(32)]);
        expect(await verifier.verify(publicKeyHex, text, forged)).toBe(false);
      }
    }
  });

  it('is the only kind that is turned away: any other key is an identity', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        expect(isEd25519Key(ed25519Key(seed).publicKeyHex)).toBe(true);
      }),
    );
    expect(isEd25519Key(encoded(p - 2n, 0n))).toBe(true);
  });
});
