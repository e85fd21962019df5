import type { KeyStore, WrappedDataKey, WrappedEpoch } from './key-store.ts';

/** An epoch, or keys of the epoch that came before. All of them are wrapped. */
export type KeyRows =
  | { readonly kind: 'epoch'; readonly epoch: WrappedEpoch }
  | { readonly kind: 'keys'; readonly epoch: string; readonly keys: readonly WrappedDataKey[] };

export type KeyCounts = { readonly epochs: number; readonly keys: number };

/** The store already has another key for this epoch. Keys before it have been added. */
export class KeysConflict extends Error {
  readonly code = 'KEYS_CONFLICT';
  constructor(epoch: string) {
    super(
      `The key store holds another key for epoch ${epoch}, or the same in another wrapping. Import into a store in which ` +
        'no server has worked, or the same export again.',
    );
    this.name = 'KeysConflict';
  }
}

export type ExportedStore = Pick<KeyStore, 'epochs' | 'dataKeysOf'>;

/** All that a store holds, still wrapped, in pieces of bounded size. */
export async function* exportKeys(store: ExportedStore): AsyncGenerator<KeyRows, void> {
  for (const { dataKeys, ...epoch } of await store.epochs()) {
    yield { kind: 'epoch', epoch };
    for await (const keys of store.dataKeysOf(epoch.id)) yield { kind: 'keys', epoch: epoch.id, keys };
  }
}

/** For whoever writes rows or reads them, to say at the end how many there were. */
export const countingKeys = () => {
  const counts = { epochs: 0, keys: 0 };
  return {
    counts,
    add: (rows: KeyRows): void => {
      if (rows.kind === 'epoch') counts.epochs++;
      else counts.keys += rows.keys.length;
    },
  };
};

type ImportingStore = Pick<KeyStore, 'settledTo' | 'settle' | 'addEpoch' | 'addDataKeys'>;

/**
 * Puts such rows into another store; the same rows again change nothing, and keys that were destroyed there stay so as
 * far as the store remembers them. Which of them the log says were destroyed is known of no log: whoever works on the
 * store next has all of it to read. Rejects with `KeysConflict`, and with whatever `rows` does.
 */
export const importKeys = async (store: ImportingStore, rows: AsyncIterable<KeyRows>): Promise<KeyCounts> => {
  const { counts, add } = countingKeys();
  await unsettle(store);
  try {
    for await (const some of rows) {
      await putIn(store, some);
      add(some);
    }
  } finally {
    // Whoever has settled meanwhile did so on what was there by then.
    await unsettle(store);
  }
  return counts;
};

const putIn = async (store: ImportingStore, rows: KeyRows): Promise<void> => {
  if (rows.kind === 'epoch') {
    const there = await store.addEpoch(rows.epoch);
    if (there.wrapped !== rows.epoch.wrapped) throw new KeysConflict(rows.epoch.id);
  } else if (!(await store.addDataKeys(rows.epoch, rows.keys))) throw new KeysConflict(rows.epoch);
};

/** Each time at another position, so that nobody who settles moves it from where it was before. */
const unsettle = async (store: ImportingStore): Promise<void> => {
  for (;;) {
    const known = await store.settledTo();
    if (await store.settle(known, Math.min(known, 0) - 1)) return;
  }
};
