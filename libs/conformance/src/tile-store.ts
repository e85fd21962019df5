import { hex, type Leaf, rootOf, sha256, type TileStore, tiledTree, tilesWith } from '@signalbox/evidence';
import { describe, expect, it } from 'vitest';

export type TileStoreUnderTest = {
  readonly store: TileStore;
  /** The same store, as another process opens it. */
  readonly again: () => Promise<TileStore>;
};

const leavesOf = (count: number): readonly Leaf[] =>
  Array.from({ length: count }, (_, index) => ({ hash: sha256(String(index)), position: index * 1e9 + 1 }));

/** Adds the leaves from `size` to before `end`; answers whether they were taken. */
const add = async (store: TileStore, leaves: readonly Leaf[], size: number, end: number): Promise<boolean> =>
  store.write(size, await tilesWith(store, size, leaves.slice(size, end)), end);

/** What every tile store promises. `make` gives a new, empty store, and clears it away by itself. */
export const tileStoreContract = (adapter: string, make: () => Promise<TileStoreUnderTest>): void => {
  describe(`tile store contract: ${adapter}`, () => {
    it('keeps what was written, for other processes too', async () => {
      const { store, again } = await make();
      expect(await store.size()).toBe(0);
      expect(await store.read([{ level: 0, index: 0 }])).toEqual([undefined]);
      expect(await store.read([])).toEqual([]);
      const leaves = leavesOf(70_000);
      for (const [size, end] of [
        [0, 1],
        [1, 255],
        [255, 257],
        [257, 5_000],
        [5_000, 65_536],
        [65_536, 70_000],
      ] as const) {
        expect(await add(store, leaves, size, end)).toBe(true);
        expect(await store.size()).toBe(end);
      }
      const other = await again();
      expect(await other.size()).toBe(70_000);
      for (const size of [1, 256, 69_999, 70_000]) {
        const root = rootOf(leaves.slice(0, size).map(({ hash }) => hash));
        expect(hex(await tiledTree(other).root(size))).toBe(hex(root));
      }
      expect(await tiledTree(other).indexOf(44_444 * 1e9 + 1, 70_000)).toBe(44_444);
      const some = await other.read([
        { level: 2, index: 0 },
        { level: 7, index: 1 },
        { level: 0, index: 273 },
      ]);
      expect(some.map((tile) => tile?.byteLength)).toEqual([32, undefined, (70_000 - 273 * 256) * 40]);
    });

    it('takes nothing from who does not know its size', async () => {
      const { store, again } = await make();
      const other = await again();
      const leaves = leavesOf(600);
      expect(await add(store, leaves, 0, 300)).toBe(true);
      expect(await other.write(0, [{ level: 0, index: 0, bytes: new Uint8Array(40) }], 1)).toBe(false);
      expect(await other.write(299, [{ level: 0, index: 0, bytes: new Uint8Array(40) }], 301)).toBe(false);
      expect(await other.size()).toBe(300);
      expect(await add(other, leaves, 300, 600)).toBe(true);
      expect(hex(await tiledTree(store).root(600))).toBe(hex(rootOf(leaves.map(({ hash }) => hash))));
    });

    it('lets one of many add the same', async () => {
      const { store, again } = await make();
      const leaves = leavesOf(10);
      const stores = [store, await again(), await again()];
      const answers = await Promise.all(stores.map((one) => add(one, leaves, 0, 10)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await store.size()).toBe(10);
    });

    it('remembers a text under each name, for other processes too, also when it is cleared', async () => {
      const { store, again } = await make();
      const other = await again();
      expect(await store.recall('signed')).toBeNull();
      await store.remember('signed', 'a note\n\n— ünd more\n');
      await store.remember('contradiction', '{}');
      await store.remember('signed', 'a later note\n\n— ünd more\n');
      await other.clear();
      expect(await other.recall('signed')).toBe('a later note\n\n— ünd more\n');
      await other.remember('signed', null);
      expect([await store.recall('signed'), await store.recall('contradiction')]).toEqual([null, '{}']);
    });

    it('forgets everything else when it is cleared', async () => {
      const { store, again } = await make();
      await add(store, leavesOf(300), 0, 300);
      await (await again()).clear();
      expect(await store.size()).toBe(0);
      expect(await store.read([{ level: 0, index: 1 }])).toEqual([undefined]);
      expect(await add(store, leavesOf(5), 0, 5)).toBe(true);
      expect(await store.size()).toBe(5);
    });
  });
};
