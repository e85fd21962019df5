/**
 * Where the keys are that seal what the log holds, apart from the log, in a store where deletion is real. Nothing in it
 * opens anything by itself: a data key is wrapped by the key of its epoch, and that by a master key, which no store has.
 *
 * Everything is durable when it resolves. Everything rejects with `KeysUnavailable` when the store cannot be asked, or
 * could not do all of it; whatever failed may be done again.
 */
export interface KeyStore {
  /** Adds the epoch, unless there is one of this id. Answers with the one that is there: so all processes agree. */
  addEpoch(epoch: WrappedEpoch): Promise<WrappedEpoch>;
  /** Every epoch, by id. */
  epochs(): Promise<readonly EpochSummary[]>;
  /**
   * Puts another wrapping in place of the one that is expected, and leaves an epoch alone that has none or another.
   * Answers with how many it replaced; what was there before is gone as after a destruction.
   */
  rewrap(changes: readonly Rewrapping[]): Promise<number>;
  /** Adds keys to their epoch; one that is there stays as it is. False, and nothing done, where there is no such epoch. */
  addDataKeys(epoch: string, keys: readonly WrappedDataKey[]): Promise<boolean>;
  /** In order; null for a key that is not there, or whose epoch is not. */
  find(ids: readonly string[]): Promise<readonly (FoundKey | null)[]>;
  /** The keys of an epoch, in pages; for an epoch that is not there, none. */
  dataKeysOf(epoch: string): AsyncIterable<readonly WrappedDataKey[]>;
  /**
   * Answers with how many there were. When it resolves no byte of them is left in what the store keeps, not in its
   * free space nor in its journal; also of those that an earlier call destroyed and then failed.
   */
  destroyDataKeys(ids: readonly string[]): Promise<number>;
  /** Destroys, just so, the key of the epoch with all its data keys. Answers with how many those were; null when there was no such epoch. */
  destroyEpoch(id: string): Promise<number | null>;
  /**
   * The position of the log up to which all that it says was destroyed is destroyed here: 0 for a new store, and less
   * after an import. It is kept beside the keys, so that a copy that is put back tells how old it is.
   */
  settledTo(): Promise<number>;
  /** Moves that, when it still is `from`; answers with whether it did. */
  settle(from: number, to: number): Promise<boolean>;
  /** How full it is. */
  usage(): Promise<StoreUsage>;
  /** Rejects with `KeysUnavailable` when keys can't be had, or would not be kept and destroyed as promised here. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** The time in which streams begin whose keys are destroyed together. */
export type WrappedEpoch = {
  /** Of letters and digits. */
  readonly id: string;
  /** Epoch milliseconds; null for what belongs to no time. */
  readonly startsAt: number | null;
  /** The first millisecond after it. */
  readonly endsAt: number | null;
  /** Its key, sealed by a key ring of master keys. Two wrappings of a key are equally long. */
  readonly wrapped: string;
};

export type WrappedDataKey = {
  /** `<id of its epoch>.<base64url>` */
  readonly id: string;
  /** Sealed by a key ring of the epoch's key. */
  readonly wrapped: string;
};

/** `dataKeys`: how many are there, those among them that no stream has taken. */
export type EpochSummary = WrappedEpoch & { readonly dataKeys: number };

export type FoundKey = {
  readonly wrapped: string;
  /** Its epoch's key, as that is wrapped now. */
  readonly epoch: string;
};

/** `bytes`: what the store takes, with what it needs beside the keys. `bound`: where it takes no more; null without one. */
export type StoreUsage = { readonly bytes: number; readonly bound: number | null };

export type Rewrapping = { readonly id: string; readonly from: string; readonly to: string };

/** The epoch that a data key belongs to. */
export const epochOf = (keyId: string): string => keyId.slice(0, Math.max(keyId.indexOf('.'), 0));
