/** How long an unwrapped key is kept: so long can one that another process destroyed still be used in this one. */
const KEPT_MS = 30_000;

/** Some thousand streams a second, for half a minute. */
const MAX_KEYS = 100_000;

/**
 * Unwrapped keys by id. The oldest goes when there are too many. They are bytes, and no key objects of the platform:
 * each of those has something outside of the heap, and the garbage collector looks after it for as long as it is kept.
 */
export type KeyCache = {
  readonly get: (id: string) => Uint8Array | undefined;
  readonly set: (id: string, key: Uint8Array) => void;
  readonly drop: (id: string) => void;
  /** Those whose id fits. */
  readonly dropAll: (fits: (id: string) => boolean) => void;
};

/** How often those that are too old are looked for: what is gone from the front of a map slows the way to the rest. */
const SWEPT_EVERY_MS = 1_000;

/** So many go at once when there are too many, for the same reason. */
const ROOM = MAX_KEYS / 10;

/** All keys are kept equally long, so the first of the map is always the next to go. */
export const keyCache = (now: () => number): KeyCache => {
  const entries = new Map<string, { readonly key: Uint8Array; readonly until: number }>();
  let sweptAt = Number.NEGATIVE_INFINITY;

  const sweep = (at: number) => {
    sweptAt = at;
    const wanted = entries.size > MAX_KEYS ? MAX_KEYS - ROOM : MAX_KEYS;
    for (const [oldest, { until }] of entries) {
      if (until > at && entries.size <= wanted) break;
      entries.delete(oldest);
    }
  };

  return {
    get: (id) => {
      const entry = entries.get(id);
      return entry && entry.until > now() ? entry.key : undefined;
    },
    set: (id, key) => {
      const at = now();
      entries.delete(id);
      entries.set(id, { key, until: at + KEPT_MS });
      if (Math.abs(at - sweptAt) >= SWEPT_EVERY_MS || entries.size > MAX_KEYS) sweep(at);
    },
    drop: (id) => {
      entries.delete(id);
    },
    dropAll: (fits) => {
      for (const id of [...entries.keys()].filter(fits)) entries.delete(id);
    },
  };
};
