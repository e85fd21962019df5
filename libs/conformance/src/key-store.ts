import { KeysUnavailable } from '@signalbox/event-sourcing';
import type { KeyStore, WrappedDataKey, WrappedEpoch } from '@signalbox/vault';
import { describe, expect, it } from 'vitest';

export type KeyStoreUnderTest = {
  readonly store: KeyStore;
  /** For a store that outlives its process: the same keys, opened anew; the other one is closed. */
  readonly restart?: () => Promise<KeyStore>;
  /** For a store that several processes share: the same keys, as another one has them. */
  readonly other?: KeyStore;
  /** Every byte that the store keeps anywhere, for one that keeps any. */
  readonly bytes?: () => Promise<Buffer>;
};

let made = 0;

/** As long as a real one, and found nowhere else. */
const wrapped = (): string => `v1.${String(++made).padStart(11, '0')}.${'w'.repeat(80)}`;

const HOUR = 3_600_000;

const anEpoch = (id = `e${++made}`): WrappedEpoch => ({ id, startsAt: HOUR, endsAt: 2 * HOUR, wrapped: wrapped() });
const timeless = (id: string): WrappedEpoch => ({ id, startsAt: null, endsAt: null, wrapped: wrapped() });
const keysOf = (epoch: string, count: number): readonly WrappedDataKey[] =>
  // Ids in no order, as random ones are.
  Array.from({ length: count }, () => ({ id: `${epoch}.${(++made * 7919) % 99_991}-${made}`, wrapped: wrapped() }));

const all = async (store: KeyStore, epoch: string): Promise<readonly WrappedDataKey[]> => {
  const keys: WrappedDataKey[] = [];
  for await (const page of store.dataKeysOf(epoch)) keys.push(...page);
  return keys.toSorted((a, b) => (a.id < b.id ? -1 : 1));
};

/** What every key store promises. `make` gives a new, empty store, and clears it away by itself. */
export const keyStoreContract = (adapter: string, make: () => Promise<KeyStoreUnderTest>): void => {
  describe(`key store contract: ${adapter}`, () => {
    it('keeps the first of two keys for an epoch, and gives it to both', async () => {
      const { store, other = store } = await make();
      const [first, second] = [anEpoch('e'), { ...anEpoch('e'), endsAt: 5 * HOUR }];
      expect(await store.addEpoch(first)).toEqual(first);
      expect(await other.addEpoch(second)).toEqual(first);
      expect(await other.epochs()).toEqual([{ ...first, dataKeys: 0 }]);
    });

    it('lets one of many that add an epoch at once be the first', async () => {
      const { store, other = store } = await make();
      const epochs = Array.from({ length: 20 }, () => anEpoch('e'));
      const given = await Promise.all(epochs.map((epoch, index) => (index % 2 ? store : other).addEpoch(epoch)));
      expect(new Set(given.map((epoch) => epoch.wrapped)).size).toBe(1);
      expect(epochs).toContainEqual(given[0]);
    });

    it('lists epochs by id, with how many keys they have', async () => {
      const { store } = await make();
      const [b, a, lasting] = [anEpoch('b2'), anEpoch('a1'), timeless('lasting')];
      for (const epoch of [lasting, b, a]) await store.addEpoch(epoch);
      await store.addDataKeys('b2', keysOf('b2', 3));
      await store.addDataKeys('lasting', keysOf('lasting', 2));
      await store.addDataKeys('b2', keysOf('b2', 4));
      expect(await store.epochs()).toEqual([
        { ...a, dataKeys: 0 },
        { ...b, dataKeys: 7 },
        { ...lasting, dataKeys: 2 },
      ]);
    });

    it('finds keys in the order in which they are asked for, with the key of their epoch', async () => {
      const { store, other = store } = await make();
      const [one, two] = [anEpoch(), timeless('lasting')];
      await store.addEpoch(one);
      await store.addEpoch(two);
      const [a, b] = keysOf(one.id, 2) as [WrappedDataKey, WrappedDataKey];
      const [c] = keysOf('lasting', 1) as [WrappedDataKey];
      expect(await store.addDataKeys(one.id, [a, b])).toBe(true);
      expect(await store.addDataKeys('lasting', [c])).toBe(true);
      expect(await other.find([c.id, 'nowhere.x', b.id, `${one.id}.no`, a.id, b.id, 'nothing', ''])).toEqual([
        { wrapped: c.wrapped, epoch: two.wrapped },
        null,
        { wrapped: b.wrapped, epoch: one.wrapped },
        null,
        { wrapped: a.wrapped, epoch: one.wrapped },
        { wrapped: b.wrapped, epoch: one.wrapped },
        null,
        null,
      ]);
      expect(await store.find([])).toEqual([]);
    });

    it('gives out all keys of an epoch, however many', async () => {
      const { store } = await make();
      const epoch = anEpoch();
      await store.addEpoch(epoch);
      const keys = keysOf(epoch.id, 2_500);
      for (let at = 0; at < keys.length; at += 500) await store.addDataKeys(epoch.id, keys.slice(at, at + 500));
      expect(await all(store, epoch.id)).toEqual(keys.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
      expect(await all(store, 'none')).toEqual([]);
    });

    it('takes no keys for an epoch that is not there, and none twice', async () => {
      const { store } = await make();
      const epoch = anEpoch();
      const [key] = keysOf(epoch.id, 1) as [WrappedDataKey];
      expect(await store.addDataKeys(epoch.id, [key])).toBe(false);
      expect(await store.find([key.id])).toEqual([null]);
      await store.addEpoch(epoch);
      expect(await store.find([key.id])).toEqual([null]);
      expect(await store.addDataKeys(epoch.id, [key])).toBe(true);
      expect(await store.addDataKeys(epoch.id, [{ ...key, wrapped: wrapped() }])).toBe(true);
      expect(await store.find([key.id])).toEqual([{ wrapped: key.wrapped, epoch: epoch.wrapped }]);
      expect((await store.epochs())[0]?.dataKeys).toBe(1);
    });

    it('rewraps what is wrapped as expected, and nothing else', async () => {
      const { store, other = store } = await make();
      const [one, two] = [anEpoch('a'), anEpoch('b')];
      await store.addEpoch(one);
      await store.addEpoch(two);
      const [key] = keysOf('a', 1) as [WrappedDataKey];
      await store.addDataKeys('a', [key]);
      const [to, never] = [wrapped(), wrapped()];
      expect(
        await store.rewrap([
          { id: 'a', from: one.wrapped, to },
          { id: 'b', from: 'another', to: never },
          { id: 'c', from: one.wrapped, to: never },
        ]),
      ).toBe(1);
      expect(await other.rewrap([{ id: 'a', from: one.wrapped, to: never }])).toBe(0);
      expect(await other.epochs()).toEqual([
        { ...one, wrapped: to, dataKeys: 1 },
        { ...two, dataKeys: 0 },
      ]);
      expect(await other.find([key.id])).toEqual([{ wrapped: key.wrapped, epoch: to }]);
    });

    it('destroys just the keys that it is told to, and says how many there were', async () => {
      const { store, other = store } = await make();
      const epoch = anEpoch();
      await store.addEpoch(epoch);
      const [a, b, c] = keysOf(epoch.id, 3) as [WrappedDataKey, WrappedDataKey, WrappedDataKey];
      await store.addDataKeys(epoch.id, [a, b, c]);
      expect(await other.destroyDataKeys([a.id, 'none.x', c.id, a.id])).toBe(2);
      expect(await store.destroyDataKeys([a.id])).toBe(0);
      expect(await store.destroyDataKeys([])).toBe(0);
      expect(await store.find([a.id, b.id, c.id])).toEqual([null, { wrapped: b.wrapped, epoch: epoch.wrapped }, null]);
      expect(await all(store, epoch.id)).toEqual([b]);
      expect(await store.epochs()).toEqual([{ ...epoch, dataKeys: 1 }]);
    });

    it('destroys an epoch with all its keys, and begins a new one under its id', async () => {
      const { store, other = store } = await make();
      const [one, two] = [anEpoch('a'), anEpoch('b')];
      const keys = keysOf('a', 5);
      const [kept] = keysOf('b', 1) as [WrappedDataKey];
      for (const epoch of [one, two]) await store.addEpoch(epoch);
      await store.addDataKeys('a', keys);
      await store.addDataKeys('b', [kept]);
      await store.destroyDataKeys([keys[0]?.id ?? '']);
      expect(await other.destroyEpoch('a')).toBe(4);
      expect(await store.destroyEpoch('a')).toBeNull();
      expect(await store.epochs()).toEqual([{ ...two, dataKeys: 1 }]);
      expect(await store.find(keys.map(({ id }) => id))).toEqual([null, null, null, null, null]);
      expect(await store.addDataKeys('a', keys)).toBe(false);
      const again = anEpoch('a');
      expect(await store.addEpoch(again)).toEqual(again);
      expect(await store.find([keys[0]?.id ?? ''])).toEqual([null]);
      expect((await store.epochs())[0]).toEqual({ ...again, dataKeys: 0 });
    });

    it('remembers after a restart, also what was destroyed (stores that outlive their process)', async ({ skip }) => {
      const { store, restart } = await make();
      skip(!restart, 'this store ends with its process');
      const [one, two] = [anEpoch('a'), anEpoch('b')];
      const [a, b] = keysOf('a', 2) as [WrappedDataKey, WrappedDataKey];
      for (const epoch of [one, two]) await store.addEpoch(epoch);
      await store.addDataKeys('a', [a, b]);
      await store.destroyDataKeys([a.id]);
      await store.destroyEpoch('b');
      const again = await restart?.();
      expect(await again?.epochs()).toEqual([{ ...one, dataKeys: 1 }]);
      expect(await again?.find([a.id, b.id])).toEqual([null, { wrapped: b.wrapped, epoch: one.wrapped }]);
    });

    it('leaves no byte of what was destroyed or replaced, nor loses one of the rest (stores that keep bytes)', async ({
      skip,
    }) => {
      const { store, bytes } = await make();
      skip(!bytes, 'this store keeps no bytes');
      const lasting = timeless('lasting');
      const epochs = Array.from({ length: 40 }, () => anEpoch());
      const keys: WrappedDataKey[] = [];
      const forLife: WrappedDataKey[] = [];
      await store.addEpoch(lasting);
      for (const epoch of epochs) {
        await store.addEpoch(epoch);
        for (const [of, into] of [
          [epoch.id, keys],
          ['lasting', forLife],
        ] as const) {
          const some = keysOf(of, 60);
          await store.addDataKeys(of, some);
          into.push(...some);
        }
      }
      const found = async (texts: readonly string[]) => {
        const everything = await bytes?.();
        return texts.filter((text) => everything?.includes(text));
      };
      const textOf = ({ wrapped }: { readonly wrapped: string }) => wrapped;
      expect(await found([...keys, ...forLife, ...epochs].map(textOf)), 'the scan finds what is there').toHaveLength(
        keys.length + forLife.length + epochs.length,
      );

      const isGone = (_: unknown, index: number) => index % 3 === 0;
      const goneKeys = [...keys, ...forLife].filter(isGone);
      await store.destroyDataKeys(goneKeys.map(({ id }) => id));
      expect(await found(goneKeys.map(textOf))).toEqual([]);

      await store.rewrap(epochs.map(({ id, wrapped: from }) => ({ id, from, to: wrapped() })));
      expect(await found(epochs.map(textOf))).toEqual([]);

      const rewrapped = (await store.epochs()).filter(({ id }) => id !== 'lasting');
      const [goneEpochs, keptEpochs] = [rewrapped.filter(isGone), rewrapped.filter((_, index) => !isGone(_, index))];
      for (const { id } of goneEpochs) await store.destroyEpoch(id);
      expect(await found(goneEpochs.map(textOf))).toEqual([]);

      // What has been near to what is gone, and may have been moved on its way, goes as well.
      const rest = forLife.filter((key) => !goneKeys.includes(key));
      expect(await found(rest.map(textOf))).toHaveLength(rest.length);
      await store.destroyDataKeys(rest.slice(0, 500).map(({ id }) => id));
      expect(await found(rest.slice(0, 500).map(textOf))).toEqual([]);
      for (const { id } of keptEpochs) await store.destroyEpoch(id);
      expect(await found(keptEpochs.map(textOf))).toEqual([]);
      expect(await found(rest.slice(500).map(textOf))).toHaveLength(rest.length - 500);
    });

    it('keeps up to where the log’s destructions are done, and lets one of two move it', async () => {
      const { store, other = store, restart } = await make();
      expect(await store.settledTo()).toBe(0);
      expect(await store.settle(0, 120_000_000_001)).toBe(true);
      expect(await other.settle(0, 7)).toBe(false);
      expect(await other.settledTo()).toBe(120_000_000_001);
      expect(await other.settle(120_000_000_001, -3)).toBe(true);
      expect(await store.settledTo()).toBe(-3);
      expect(await other.settle(-3, 12)).toBe(true);
      expect(await store.settledTo()).toBe(12);
      if (restart) expect(await (await restart()).settledTo()).toBe(12);
    });

    it('says how many bytes it takes, and that they are more with more keys', async () => {
      const { store } = await make();
      const epoch = anEpoch();
      await store.addEpoch(epoch);
      const before = await store.usage();
      await store.addDataKeys(epoch.id, keysOf(epoch.id, 2_000));
      const after = await store.usage();
      expect(after.bytes - before.bytes).toBeGreaterThan(2_000 * 100);
      expect(after.bytes - before.bytes).toBeLessThan(2_000 * 1_000);
      expect(after.bound).toBe(before.bound);
    });

    it('is unavailable once it is closed', async () => {
      const { store } = await make();
      await store.check();
      await store.close();
      await store.close();
      await expect(store.addEpoch(anEpoch())).rejects.toBeInstanceOf(KeysUnavailable);
      await expect(store.check()).rejects.toBeInstanceOf(KeysUnavailable);
      await expect(store.find(['a.b'])).rejects.toBeInstanceOf(KeysUnavailable);
    });
  });
};
