import type { RandomBytes } from './key-ring.ts';
import type { KeyStore, WrappedEpoch } from './key-store.ts';
import type { KeyWrapping } from './key-wrapping.ts';

export type SuppliedKey = { readonly id: string; readonly key: Uint8Array };

/** What the ids of a batch begin with: 72 bits, so that no two batches meet. */
const BATCH_ID_BYTES = 9;

/**
 * The id of a key: its batch, then its number there. So the ids of a batch lie side by side in the store's index; were
 * each of them random, a batch would change as many pages as it has keys.
 */
const keyIdOf = (epoch: string, batchId: Uint8Array, number: number): string => {
  const bytes = Uint8Array.of(...batchId, number >>> 16, number >>> 8, number);
  return `${epoch}.${Buffer.from(bytes).toString('base64url')}`;
};

/** An epoch may be destroyed between its making and the making of its first keys, if clocks are far apart; hardly twice. */
const MAX_ATTEMPTS = 3;

/**
 * Data keys for new streams. They are made ahead in batches, and are in the store before the first of them is handed
 * out: so a stream seldom waits for the store. The next batch is made in the background when little is left of this
 * one; what is left when the epoch ends is never handed out, and is destroyed with the epoch.
 */
export const keySupply = (options: {
  readonly store: KeyStore;
  readonly wrapping: KeyWrapping;
  readonly random: RandomBytes;
  readonly now: () => number;
  /** The epoch that a stream which begins now belongs to, unless the store has one of this id. */
  readonly epochAt: (now: number) => Omit<WrappedEpoch, 'wrapped'>;
  readonly batch: number;
  /** Told when a batch could not be made in the background. */
  readonly onTrouble: (error: unknown) => void;
}) => {
  const { store, wrapping, random, now, epochAt, batch, onTrouble } = options;
  let ready: { readonly endsAt: number; readonly keys: SuppliedKey[] } = { endsAt: 0, keys: [] };
  let refilling: Promise<void> | null = null;

  const currentEpoch = async (): Promise<WrappedEpoch> => {
    let wanted = epochAt(now());
    for (;;) {
      const epoch = await store.addEpoch({ ...wanted, wrapped: wrapping.newEpoch(wanted.id) });
      if (epoch.endsAt === null || epoch.endsAt > now()) return epoch;
      // It was made with another length of epochs, and has ended: the one that we want begins where it ended.
      wanted = { ...wanted, id: idOfEpoch(epoch.endsAt), startsAt: epoch.endsAt };
    }
  };

  const makeBatch = async (): Promise<void> => {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const epoch = await currentEpoch();
      const ring = wrapping.epochRing(epoch.id, epoch.wrapped);
      const batchId = random.bytes(BATCH_ID_BYTES);
      const made = Array.from({ length: batch }, (_, number) => {
        const id = keyIdOf(epoch.id, batchId, number);
        return { id, ...wrapping.newDataKey(id, ring) };
      });
      const rows = made.map(({ id, wrapped }) => ({ id, wrapped }));
      if (!(await store.addDataKeys(epoch.id, rows))) continue;
      const keys = made.map(({ id, key }) => ({ id, key }));
      const endsAt = epoch.endsAt ?? Number.POSITIVE_INFINITY;
      // Those of another epoch are left to be destroyed with it.
      ready = { endsAt, keys: ready.endsAt === endsAt ? [...ready.keys, ...keys] : keys };
      return;
    }
    throw new Error('The epoch of new keys is destroyed as soon as it is made: are the clocks of all processes right?');
  };

  const refill = (): Promise<void> => {
    refilling ??= makeBatch().finally(() => {
      refilling = null;
    });
    return refilling;
  };

  /** Undefined when there is none at hand. */
  const atHand = (): SuppliedKey | undefined => {
    if (ready.endsAt <= now()) return undefined;
    const key = ready.keys.pop();
    if (ready.keys.length <= batch / 2 && refilling === null) refill().catch(onTrouble);
    return key;
  };

  const awaited = async (): Promise<SuppliedKey> => {
    for (;;) {
      await refill();
      const key = atHand();
      if (key) return key;
    }
  };

  /** Rejects with `KeysUnavailable`. */
  return (): SuppliedKey | Promise<SuppliedKey> => atHand() ?? awaited();
};

/** So that an epoch's id says when it begins. */
export const idOfEpoch = (startsAt: number): string => startsAt.toString(36);
