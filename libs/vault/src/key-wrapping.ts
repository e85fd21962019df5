import { type KeyRing, keyRing, type RandomBytes } from './key-ring.ts';

const KEY_BYTES = 32;

/** The key of an epoch, unwrapped: what it seals are data keys. */
export type EpochRing = Pick<KeyRing, 'seal' | 'open'>;

/** Makes, wraps and unwraps the keys of epochs and of streams. What wraps a key is bound to its id. */
export const keyWrapping = (masterKeys: readonly Uint8Array[], random: RandomBytes) => {
  const ring = keyRing(masterKeys, random);
  const unwrapEpoch = (id: string, wrapped: string): Uint8Array => ring.open(wrapped, `epoch/${id}`);
  const wrapEpoch = (id: string, key: Uint8Array): string => ring.seal(key, `epoch/${id}`);
  return {
    /** The first master key wraps, any of them unwraps. */
    currentMasterKey: ring.currentKeyId,
    masterKeys: ring.keyIds,
    newEpoch: (id: string): string => wrapEpoch(id, random.bytes(KEY_BYTES)),
    /** The bytes of an epoch's key; throws `SealBroken`, `unknown_key` when no master key of this ring wraps it. */
    unwrapEpoch,
    epochRing: (id: string, wrapped: string): EpochRing => keyRing([unwrapEpoch(id, wrapped)], random),
    /** The same key in another wrapping, by the first master key. */
    rewrapped: (id: string, wrapped: string): string => wrapEpoch(id, unwrapEpoch(id, wrapped)),
    newDataKey: (id: string, epoch: EpochRing): { readonly key: Uint8Array; readonly wrapped: string } => {
      const key = random.bytes(KEY_BYTES);
      return { key, wrapped: epoch.seal(key, contextOf(id)) };
    },
    unwrapDataKey: (id: string, wrapped: string, epoch: EpochRing): Uint8Array => epoch.open(wrapped, contextOf(id)),
  };
};

export type KeyWrapping = ReturnType<typeof keyWrapping>;

const contextOf = (dataKeyId: string): string => `data-key/${dataKeyId}`;

/** Which master key wraps an epoch's key: the part of a sealed text that names it. */
export const masterKeyOf = (wrapped: string): string => wrapped.split('.')[1] ?? '';
