import type { KeyStore, WrappedDataKey, WrappedEpoch } from './key-store.ts';

/** An epoch, or keys of the epoch that came before. All of them are wrapped. */
export type KeyRows =
  | { readonly kind: 'epoch'; readonly epoch: WrappedEpoch }
  | { readonly kind: 'keys'; readonly epoch: string; readonly keys: readonly WrappedDataKey[] };

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

/** All that a store holds, still wrapped, in pieces of bounded size. */
export async function* exportKeys(store: Pick<KeyStore, 'epochs' | 'dataKeysOf'>): AsyncGenerator<KeyRows, void> {
  for (const { dataKeys, ...epoch } of await store.epochs()) {
    yield { kind: 'epoch', epoch };
    for await (const keys of store.dataKeysOf(epoch.id)) yield { kind: 'keys', epoch: epoch.id, keys };
  }
}

/**
 * Puts such rows into another store; the same rows again change nothing, and keys that were destroyed there stay so as
 * far as the store remembers them. Throws `KeysConflict`.
 */
export const importKeys = async (store: Pick<KeyStore, 'addEpoch' | 'addDataKeys'>, rows: KeyRows): Promise<void> => {
  if (rows.kind === 'epoch') {
    const there = await store.addEpoch(rows.epoch);
    if (there.wrapped !== rows.epoch.wrapped) throw new KeysConflict(rows.epoch.id);
  } else if (!(await store.addDataKeys(rows.epoch, rows.keys))) throw new KeysConflict(rows.epoch);
};
