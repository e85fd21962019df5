import { seededChance } from '@signalbox/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderedList, partition } from '../src/ordered-list.ts';

const byNumber = (a: number, b: number) => a - b;
const below = (bound: number) => (item: number) => item < bound;

/** Everything that can be read of a list, against the same items in a sorted array. */
const expectHolds = (list: OrderedList<number>, sorted: readonly number[], bound: number) => {
  expect(list.size).toBe(sorted.length);
  expect(list.first()).toBe(sorted[0]);
  expect(list.last()).toBe(sorted.at(-1));
  const before = sorted.filter(below(bound));
  const rest = sorted.slice(before.length);
  expect([...list.from(below(bound))]).toEqual(rest);
  expect([...list.backFrom(below(bound))]).toEqual(before.toReversed());
  expect(list.rank(below(bound))).toBe(before.length);
  expect(list.has(bound)).toBe(rest[0] === bound);
  const placed = Array.from({ length: list.places }, (_, place) => list.at(place)).filter((item) => item !== undefined);
  expect(placed).toEqual(sorted);
  expect(list.at(list.places)).toBeUndefined();
};

describe('partition', () => {
  it('finds where the items that precede end', () => {
    expect([[], [1], [1, 3], [1, 3, 3, 5], [4]].map((items) => partition(items, below(4)))).toEqual([0, 1, 2, 3, 0]);
  });
});

describe('an ordered list', () => {
  it('holds what a sorted array holds, whatever is added and removed in whatever order', () => {
    const steps = fc.array(
      fc.record({
        add: fc.boolean(),
        from: fc.nat({ max: 4_000 }),
        count: fc.integer({ min: 1, max: 900 }),
        stride: fc.constantFrom(1, -1, 2, 7),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(steps, (steps) => {
        const list = new OrderedList(byNumber);
        const model = new Set<number>();
        for (const { add, from, count, stride } of steps) {
          for (let i = 0; i < count; i++) {
            const item = from + i * stride;
            if (add && !model.has(item)) {
              list.add(item);
              model.add(item);
            } else if (!add) {
              expect(list.delete(item)).toBe(model.delete(item));
            }
          }
          expectHolds(list, [...model].sort(byNumber), from + 3);
        }
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  it('keeps at least one place in four taken, however much is removed at random', () => {
    const { fraction } = seededChance(3);
    const list = new OrderedList(byNumber);
    const items = Array.from({ length: 20_000 }, (_, i) => i);
    for (const item of items) list.add(item);
    expect(list.places).toBeLessThanOrEqual(20_000 + 512);
    while (items.length > 0) {
      const [item] = items.splice(Math.floor(fraction() * items.length), 1);
      expect(list.delete(item ?? -1)).toBe(true);
      if (items.length % 500 === 0 && items.length > 512)
        expect(list.size * 4).toBeGreaterThanOrEqual(list.places - 512);
    }
    expect(list.places).toBe(0);
    expectHolds(list, [], 0);
  });

  it('does not take out what only stands where the item would be', () => {
    const list = new OrderedList(byNumber);
    expect(list.delete(1)).toBe(false);
    list.add(2);
    expect(list.delete(1)).toBe(false);
    expect(list.delete(3)).toBe(false);
    expectHolds(list, [2], 2);
  });
});
