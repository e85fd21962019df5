import type { KeyStore, WrappedDataKey, WrappedEpoch } from './key-store.ts';

/**
 * First up to which position of the log its destructions are done in them; then an epoch, or keys of the epoch that came
 * before. All of them are wrapped.
 */
export type KeyRows =
  | { readonly kind: 'settled'; readonly upTo: number }
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

export type ExportedStore = Pick<KeyStore, 'settledTo' | 'epochs' | 'dataKeysOf'>;

/** All that a store holds, still wrapped, in pieces of bounded size. */
export async function* exportKeys(store: ExportedStore): AsyncGenerator<KeyRows, void> {
  // Before the keys: what is destroyed meanwhile may be among them, and is not counted as done.
  yield { kind: 'settled', upTo: await store.settledTo() };
  for (const { dataKeys, ...epoch } of await store.epochs()) {
    yield { kind: 'epoch', epoch };
    for await (const keys of store.dataKeysOf(epoch.id)) yield { kind: 'keys', epoch: epoch.id, keys };
  }
}

/**
 * Puts such rows into another store; the same rows again change nothing, and keys that were destroyed there stay so as
 * far as the store remembers them. Who works on the store next has the log's destructions since the export to repeat.
 * Throws `KeysConflict`.
 */
export const importKeys = async (
  store: Pick<KeyStore, 'epochs' | 'settledTo' | 'settle' | 'addEpoch' | 'addDataKeys'>,
  rows: KeyRows,
): Promise<void> => {
  if (rows.kind === 'settled') {
    const isNew = (await store.epochs()).length === 0;
    for (;;) {
      const known = await store.settledTo();
      if (await store.settle(known, isNew ? rows.upTo : Math.min(known, rows.upTo))) return;
    }
  } else if (rows.kind === 'epoch') {
    const there = await store.addEpoch(rows.epoch);
    if (there.wrapped !== rows.epoch.wrapped) throw new KeysConflict(rows.epoch.id);
  } else if (!(await store.addDataKeys(rows.epoch, rows.keys))) throw new KeysConflict(rows.epoch);
};
