import type { Chance } from '@signalbox/runtime';

/** The time of the first ordered UUID; each later one is a millisecond on. */
const FIRST_ORDERED_AT = 1_700_000_000_000;

/** A test double for randomness: the same seed gives the same bytes, fractions and UUIDs in the same order. */
export const seededChance = (seed: number): Chance => {
  const next = generator(seed);
  let made = 0;

  const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => next() >>> 24);

  const uuid = (version: 4 | 7, time: number | null): string => {
    const raw = bytes(16);
    if (time !== null) for (let i = 0; i < 6; i++) raw[i] = Math.floor(time / 256 ** (5 - i)) % 256;
    raw[6] = (version << 4) | ((raw[6] ?? 0) & 0x0f);
    raw[8] = 0x80 | ((raw[8] ?? 0) & 0x3f);
    const hex = Buffer.from(raw).toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  };

  return {
    bytes,
    fraction: () => next() / 2 ** 32,
    uuid: () => uuid(4, null),
    orderedUuid: () => uuid(7, FIRST_ORDERED_AT + made++),
  };
};

/** The generator "small fast counter" (32 bits), which passes the usual batteries. Gives integers below 2^32. */
const generator = (seed: number): (() => number) => {
  let [a, b, c, counter] = [0, seed | 0, 0, 1];
  const next = () => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result >>> 0;
  };
  for (let round = 0; round < 12; round++) next(); // until neighbouring seeds have nothing in common
  return next;
};
