import { categoryOf, type PayloadSeal, type SealedPayload } from '@signalbox/event-sourcing';
import { keyCache } from './key-cache.ts';
import { KeyDestroyed } from './key-destroyed.ts';
import { type KeyRing, keyRing, type RandomBytes } from './key-ring.ts';
import { epochOf, type FoundKey, type KeyStore } from './key-store.ts';
import { idOfEpoch, keySupply, type SuppliedKey } from './key-supply.ts';
import { type EpochRing, keyWrapping, masterKeyOf } from './key-wrapping.ts';
import { openPayload, payloadSealer } from './payload-cipher.ts';
import { randomPool } from './random-pool.ts';

export type VaultOptions = {
  readonly store: KeyStore;
  /** 32 bytes each. The first wraps, any of them unwraps. */
  readonly masterKeys: readonly Uint8Array[];
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly chance: RandomBytes;
  /** How long an epoch is. Others of its processes may have, or have had, another length. */
  readonly epochMs: number;
  /** Told when keys could not be made ahead of time. Whoever needs one then waits for it, and is told too. */
  readonly onTrouble?: (error: unknown) => void;
};

export type Vault = PayloadSeal & {
  /** Asks the store for each key, so that it opens nothing whose key any process has destroyed. */
  readonly fresh: Pick<PayloadSeal, 'open'>;
  /** What was sealed with these is unreadable for this process from the moment it resolves, for others after 30 s at the latest. Answers with how many there were. */
  destroyDataKeys(ids: readonly string[]): Promise<number>;
  /** The same for an epoch, which must have ended: a `RangeError` otherwise. Null when there is none. */
  destroyEpoch(id: string): Promise<number | null>;
  /** Wraps every epoch's key that is not, by the first master key. What is sealed stays as it is. May be repeated. */
  rotate(): Promise<Rotation>;
  status(): Promise<KeyStatus>;
  /** A ring for small secrets whose sealing key is kept in the store, so that rotation reaches it. It opens what master keys have sealed, too. */
  secretRing(): Promise<KeyRing>;
};

/** `total`: all epochs, with those that were wrapped by the first key before. */
export type Rotation = { readonly to: string; readonly rewrapped: number; readonly total: number };

export type KeyStatus = {
  readonly current: string;
  /** The ring, the current key first. `epochs`: how many need it. */
  readonly masterKeys: readonly { readonly id: string; readonly epochs: number }[];
  /** Keys of the ring that no epoch needs; never the current one. */
  readonly unneeded: readonly string[];
  /** Master keys that some epochs need and the ring has not: what those epochs sealed is unreadable here. */
  readonly missing: readonly { readonly id: string; readonly epochs: number }[];
  /** By id. `startsAt` and `endsAt` are epoch milliseconds; null for what does not end. */
  readonly epochs: readonly {
    readonly id: string;
    readonly startsAt: number | null;
    readonly endsAt: number | null;
    readonly dataKeys: number;
    readonly masterKey: string;
  }[];
};

/** Which keys a category's streams get. What is not here is not sealed. */
const kinds: ReadonlyMap<string, 'timed' | 'lasting'> = new Map([
  ['session', 'timed'],
  ['observation', 'timed'],
  ['credential', 'lasting'],
] as const);

/** What is told of a stream whose key was destroyed. */
const OPEN_TYPES: ReadonlySet<string> = new Set(['SessionRedacted', 'CredentialRedacted']);

/** The epoch of what is kept until it is destroyed by itself. */
export const LASTING_EPOCH = 'lasting';
/** The epoch without data keys, whose key seals small secrets. */
const SECRETS_EPOCH = 'secrets';

const BATCH = 256;
/** Credentials are rarely made, and what a process leaves unused is never destroyed. */
const LASTING_BATCH = 16;

const timeless = (id: string) => ({ id, startsAt: null, endsAt: null });

/** Seals payloads with keys from the store. Throws as `keyRing` does for bad master keys. */
export const createVault = (options: VaultOptions): Vault => {
  const { store, now, epochMs, onTrouble = () => {} } = options;
  const chance = randomPool(options.chance);
  const wrapping = keyWrapping(options.masterKeys, chance);
  const seal = payloadSealer(chance);
  const cache = keyCache(now);
  /** Counts what has been destroyed: what was asked for before is not kept when it comes after. */
  let destructions = 0;

  const supplied = { store, wrapping, random: chance, now, onTrouble };
  const supplies = {
    timed: keySupply({
      ...{ ...supplied, batch: BATCH },
      epochAt: (at) => {
        const startsAt = Math.floor(at / epochMs) * epochMs;
        return { id: idOfEpoch(startsAt), startsAt, endsAt: startsAt + epochMs };
      },
    }),
    lasting: keySupply({ ...supplied, batch: LASTING_BATCH, epochAt: () => timeless(LASTING_EPOCH) }),
  };

  /** Asks the store once. Keys that are not there are not in the answer. */
  const found = async (ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> => {
    const rings = new Map<string, EpochRing>();
    const unwrapped = (id: string, { wrapped, epoch }: FoundKey): Uint8Array => {
      const ring = rings.get(epoch) ?? wrapping.epochRing(epochOf(id), epoch);
      rings.set(epoch, ring);
      return wrapping.unwrapDataKey(id, wrapped, ring);
    };
    const answers = await store.find(ids);
    const keys = new Map<string, Uint8Array>();
    for (const [index, id] of ids.entries()) {
      const answer = answers[index];
      if (answer) keys.set(id, unwrapped(id, answer));
    }
    return keys;
  };

  const foundAndKept = async (ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> => {
    const before = destructions;
    const keys = await found(ids);
    if (before === destructions) for (const [id, key] of keys) cache.set(id, key);
    return keys;
  };

  const knownKey = async (stream: string, id: string): Promise<SuppliedKey> => {
    const key = cache.get(id) ?? (await foundAndKept([id])).get(id);
    if (!key) throw new KeyDestroyed(stream);
    return { id, key };
  };

  const newKey = async (kind: 'timed' | 'lasting'): Promise<SuppliedKey> => {
    const taken = await supplies[kind]();
    cache.set(taken.id, taken.key);
    return taken;
  };

  const opener =
    (atHand: (id: string) => Uint8Array | undefined, ask: typeof found): PayloadSeal['open'] =>
    async (payloads) => {
      const held = new Map<string, Uint8Array>();
      const missing = new Set<string>();
      for (const { keyId } of payloads) {
        if (keyId === null || held.has(keyId) || missing.has(keyId)) continue;
        const key = atHand(keyId);
        if (key) held.set(keyId, key);
        else missing.add(keyId);
      }
      if (missing.size > 0) for (const [id, key] of await ask([...missing])) held.set(id, key);
      return payloads.map((payload) => opened(payload, held));
    };

  const destroying = async <T>(work: () => Promise<T>, forget: () => void): Promise<T> => {
    forget();
    try {
      return await work();
    } finally {
      // Also when it failed: it may have been done all the same.
      destructions++;
      forget();
    }
  };

  return {
    seal: async (stream, firstRevision, payloads, keyId) => {
      const kind = kinds.get(categoryOf(stream));
      if (kind === undefined || payloads.every(({ type }) => OPEN_TYPES.has(type))) {
        return { keyId: null, data: payloads.map(({ data }) => data) };
      }
      const { id, key } = keyId === null ? await newKey(kind) : await knownKey(stream, keyId);
      return {
        keyId: id,
        data: payloads.map(({ type, data }, index) =>
          seal(key, { stream, revision: firstRevision + index, type, keyId: id }, data),
        ),
      };
    },
    open: opener(cache.get, foundAndKept),
    fresh: { open: opener(() => undefined, found) },
    destroyDataKeys: (ids) =>
      destroying(
        () => store.destroyDataKeys(ids),
        () => ids.forEach(cache.drop),
      ),
    destroyEpoch: async (id) => {
      const epoch = (await store.epochs()).find((one) => one.id === id);
      if (epoch && (epoch.endsAt === null || epoch.endsAt > now())) {
        throw new RangeError(`Epoch ${id} has not ended, and cannot be destroyed: keys of it are still handed out.`);
      }
      return destroying(
        () => store.destroyEpoch(id),
        () => cache.dropAll((keyId) => epochOf(keyId) === id),
      );
    },
    rotate: async () => {
      const epochs = await store.epochs();
      const changes = epochs
        .filter(
          ({ wrapped }) => isHeld(wrapping.masterKeys, wrapped) && masterKeyOf(wrapped) !== wrapping.currentMasterKey,
        )
        .map(({ id, wrapped }) => ({ id, from: wrapped, to: wrapping.rewrapped(id, wrapped) }));
      const rewrapped = changes.length === 0 ? 0 : await store.rewrap(changes);
      return { to: wrapping.currentMasterKey, rewrapped, total: epochs.length };
    },
    status: async () => {
      const stored = await store.epochs();
      const epochs = stored.map(({ wrapped, ...epoch }) => ({ ...epoch, masterKey: masterKeyOf(wrapped) }));
      const needed = Map.groupBy(epochs, ({ masterKey }) => masterKey);
      const counted = (id: string) => ({ id, epochs: needed.get(id)?.length ?? 0 });
      const { currentMasterKey: current, masterKeys } = wrapping;
      return {
        current,
        masterKeys: masterKeys.map(counted),
        unneeded: masterKeys.filter((id) => id !== current && !needed.has(id)),
        missing: [...needed.keys()].filter((id) => !masterKeys.includes(id)).map(counted),
        epochs,
      };
    },
    secretRing: async () => {
      const epoch = timeless(SECRETS_EPOCH);
      const { wrapped } = await store.addEpoch({ ...epoch, wrapped: wrapping.newEpoch(epoch.id) });
      return keyRing([wrapping.unwrapEpoch(epoch.id, wrapped), ...options.masterKeys], chance);
    },
  };
};

const opened = (
  { keyId, stream, revision, type, data }: SealedPayload,
  keys: ReadonlyMap<string, Uint8Array>,
): Uint8Array | null => {
  if (keyId === null) return data;
  const key = keys.get(keyId);
  return key ? openPayload(key, { keyId, stream, revision, type }, data) : null;
};

const isHeld = (masterKeys: readonly string[], wrapped: string): boolean => masterKeys.includes(masterKeyOf(wrapped));
