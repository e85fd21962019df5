import { describe, expect, it } from 'vitest';
import { seededChance } from '../src/index.ts';

const several = <T>(make: () => T): T[] => Array.from({ length: 200 }, make);
const sample = (seed: number) => {
  const chance = seededChance(seed);
  return { bytes: chance.bytes(8), fraction: chance.fraction(), uuid: chance.uuid(), ordered: chance.orderedUuid() };
};

describe('seeded chance', () => {
  it('gives the same again for the same seed, and something else for another', () => {
    expect(sample(7)).toEqual(sample(7));
    const [a, b] = [sample(7), sample(8)];
    expect(a.bytes).not.toEqual(b.bytes);
    expect(a.fraction).not.toBe(b.fraction);
    expect(a.uuid).not.toBe(b.uuid);
    expect(a.ordered).not.toBe(b.ordered);
  });

  it('gives as many bytes as asked for, spread over all values', () => {
    const chance = seededChance(1);
    expect(chance.bytes(0)).toEqual(new Uint8Array(0));
    expect(new Set(chance.bytes(10_000)).size).toBe(256);
  });

  it('gives fractions from 0 to below 1, evenly', () => {
    const chance = seededChance(1);
    const fractions = Array.from({ length: 10_000 }, () => chance.fraction());
    expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...fractions)).toBeLessThan(1);
    const tenths = new Array(10).fill(0);
    for (const fraction of fractions) tenths[Math.floor(fraction * 10)]++;
    for (const count of tenths) expect(count).toBeGreaterThan(800);
  });

  it('gives different UUIDs of version 4', () => {
    const chance = seededChance(1);
    const uuids = several(() => chance.uuid());
    expect(new Set(uuids).size).toBe(200);
    for (const uuid of uuids)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('gives UUIDs of version 7 in the order in which they were made', () => {
    const chance = seededChance(1);
    const uuids = several(() => chance.orderedUuid());
    expect(uuids.toSorted()).toEqual(uuids);
    expect(new Set(uuids).size).toBe(200);
    for (const uuid of uuids)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
