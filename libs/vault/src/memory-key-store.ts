import { KeysUnavailable } from '@signalbox/event-sourcing';
import { epochOf, type KeyStore, type WrappedEpoch } from './key-store.ts';

type Held = { epoch: WrappedEpoch; readonly keys: Map<string, string> };

/** Keys in memory, of a file or of a test: what is destroyed is forgotten. */
export const memoryKeyStore = (): KeyStore => {
  const held = new Map<string, Held>();
  let settledTo = 0;
  let isClosed = false;
  const whileOpen = async <T>(work: () => T): Promise<T> => {
    if (isClosed) throw new KeysUnavailable('The key store has been closed.');
    return work();
  };
  const addEpoch = (epoch: WrappedEpoch): WrappedEpoch => {
    const there = held.get(epoch.id) ?? { epoch, keys: new Map<string, string>() };
    held.set(epoch.id, there);
    return there.epoch;
  };
  const isRewrapped = (id: string, from: string, to: string): boolean => {
    const there = held.get(id);
    if (there?.epoch.wrapped !== from) return false;
    there.epoch = { ...there.epoch, wrapped: to };
    return true;
  };
  return {
    addEpoch: (epoch) => whileOpen(() => addEpoch(epoch)),
    epochs: () =>
      whileOpen(() =>
        [...held.values()]
          .map(({ epoch, keys }) => ({ ...epoch, dataKeys: keys.size }))
          .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      ),
    rewrap: (changes) => whileOpen(() => changes.filter(({ id, from, to }) => isRewrapped(id, from, to)).length),
    addDataKeys: (epoch, keys) =>
      whileOpen(() => {
        const there = held.get(epoch);
        if (!there) return false;
        for (const { id, wrapped } of keys) if (!there.keys.has(id)) there.keys.set(id, wrapped);
        return true;
      }),
    find: (ids) =>
      whileOpen(() =>
        ids.map((id) => {
          const there = held.get(epochOf(id));
          const wrapped = there?.keys.get(id);
          return there && wrapped !== undefined ? { wrapped, epoch: there.epoch.wrapped } : null;
        }),
      ),
    dataKeysOf: async function* (epoch) {
      const keys = await whileOpen(() => [...(held.get(epoch)?.keys ?? [])].map(([id, wrapped]) => ({ id, wrapped })));
      if (keys.length > 0) yield keys;
    },
    destroyDataKeys: (ids) => whileOpen(() => ids.filter((id) => held.get(epochOf(id))?.keys.delete(id)).length),
    destroyEpoch: (id) =>
      whileOpen(() => {
        const count = held.get(id)?.keys.size ?? null;
        held.delete(id);
        return count;
      }),
    settledTo: () => whileOpen(() => settledTo),
    settle: (from, to) =>
      whileOpen(() => {
        if (settledTo !== from) return false;
        settledTo = to;
        return true;
      }),
    usage: () => whileOpen(() => ({ bytes: sizeOf(held), bound: null })),
    check: () => whileOpen(() => {}),
    close: async () => {
      isClosed = true;
    },
  };
};

/** Of the texts: what else they take is not known. */
const sizeOf = (held: ReadonlyMap<string, Held>): number => {
  let size = 0;
  for (const { epoch, keys } of held.values()) {
    size += epoch.id.length + epoch.wrapped.length;
    for (const [id, wrapped] of keys) size += id.length + wrapped.length;
  }
  return size;
};
