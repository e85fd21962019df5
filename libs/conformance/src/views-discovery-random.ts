import { session } from '@signalbox/domain';
import type { OfferFilter } from '@signalbox/read-models';
import { discovery as projection } from '@signalbox/read-models/projections';
import { anOffer, aWithdrawal, seededChance, t0 } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import type { DiscoveryView, MakeDiscovery } from './views-discovery.ts';
import { drive } from './views-driver.ts';

const any: OfferFilter = { tags: [], service: null, except: null };

/**
 * Pearson's chi-squared of the draws against equal chances. With n offers it has n - 1 degrees of freedom: a mean of
 * n - 1 and a variance of twice that. The bound of five deviations is passed by chance less than once in 100,000 runs.
 */
const expectEqualChances = async (view: DiscoveryView, filter: OfferFilter, expected: readonly string[]) => {
  const draws = 60 * expected.length;
  const times = new Map(expected.map((id) => [id, 0]));
  for (let i = 0; i < draws; i++) {
    const id = (await view.random(filter, t0))?.sessionId ?? 'none';
    expect(times.has(id), `${id} must not be drawn`).toBe(true);
    times.set(id, (times.get(id) ?? 0) + 1);
  }
  const mean = draws / expected.length;
  const chiSquared = [...times.values()].reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
  const freedom = expected.length - 1;
  expect(chiSquared).toBeLessThan(freedom + 5 * Math.sqrt(2 * freedom));
};

export const discoveryRandomContract = (adapter: string, make: MakeDiscovery) =>
  describe(`Discovery contract, equal chances: ${adapter}`, () => {
    const setUp = async (seed: number) => {
      const view = await make(seededChance(seed));
      return { view, driver: drive(session, projection, view) };
    };

    it.each([1, 2, 3])('gives each offer of one tag the same chance (seed %i)', async (seed) => {
      const { view, driver } = await setUp(seed);
      const ids = Array.from({ length: 200 }, (_, i) => `s${i}`);
      for (const id of ids) await driver.handle(id, anOffer({ tags: ['a'] }));
      await expectEqualChances(view, { ...any, tags: ['a'] }, ids);
    });

    it.each([4, 5, 6])(
      'gives each offer of several tags the same chance, however many it bears (seed %i)',
      async (seed) => {
        const { view, driver } = await setUp(seed);
        const bearing = [['a'], ['b'], ['a', 'b'], ['a', 'b', 'c'], ['c', 'd'], ['d']];
        const expected: string[] = [];
        for (let i = 0; i < 240; i++) {
          const tags = bearing[i % 6] ?? [];
          await driver.handle(`s${i}`, anOffer({ tags }));
          if (i % 6 !== 5) expected.push(`s${i}`);
        }
        await expectEqualChances(view, { ...any, tags: ['a', 'b', 'c', 'unknown'] }, expected);
      },
    );

    it('gives the same chance where most of what was published has gone', async () => {
      const { view, driver } = await setUp(7);
      const expected: string[] = [];
      for (let i = 0; i < 2_500; i++) await driver.handle(`s${i}`, anOffer({ tags: ['a'] }));
      for (let i = 0; i < 2_500; i++) {
        if (i % 12 === 0 || (i > 600 && i < 650)) expected.push(`s${i}`);
        else await driver.handle(`s${i}`, aWithdrawal());
      }
      await expectEqualChances(view, { ...any, tags: ['a'] }, expected);
    });

    it('gives the same chance to what is left when most of it is the asker’s own', async () => {
      const { view, driver } = await setUp(8);
      const expected: string[] = [];
      for (let i = 0; i < 1_000; i++) {
        const by = i % 100 === 7 ? 'bob' : 'alice';
        await driver.handle(`s${i}`, anOffer({ by, tags: i % 2 === 0 ? ['a'] : ['a', 'b'] }));
        if (by === 'bob') expected.push(`s${i}`);
      }
      await expectEqualChances(view, { tags: ['a', 'b'], service: null, except: 'alice' }, expected);
    });

    it('gives the versions of a service the same chance', async () => {
      const { view, driver } = await setUp(9);
      const expected: string[] = [];
      for (let i = 0; i < 200; i++) {
        const version = i % 4 === 0 ? '1.0.0' : i % 4 === 1 ? '2.0.0' : `1.1.${i % 7}`;
        await driver.handle(`s${i}`, anOffer({ service: { name: 'chat', version } }));
        if (version !== '2.0.0') expected.push(`s${i}`);
      }
      await expectEqualChances(
        view,
        { ...any, tags: ['chat', 'de'], service: { name: 'chat', range: '^1' } },
        expected,
      );
    });
  });
