import type { KeyObject } from 'node:crypto';

/** How long an unwrapped key is kept: so long can one that another process destroyed still be used in this one. */
const KEPT_MS = 30_000;

/** Some thousand streams a second, for half a minute. */
const MAX_KEYS = 100_000;

/** Unwrapped keys by id. The oldest goes when there are too many. */
export type KeyCache = {
  readonly get: (id: string) => KeyObject | undefined;
  readonly set: (id: string, key: KeyObject) => void;
  readonly drop: (id: string) => void;
  /** Those whose id fits. */
  readonly dropAll: (fits: (id: string) => boolean) => void;
};

/** All keys are kept equally long, so the first of the map is always the next to go. */
export const keyCache = (now: () => number): KeyCache => {
  const entries = new Map<string, { readonly key: KeyObject; readonly until: number }>();
  return {
    get: (id) => {
      const entry = entries.get(id);
      return entry && entry.until > now() ? entry.key : undefined;
    },
    set: (id, key) => {
      const at = now();
      entries.delete(id);
      entries.set(id, { key, until: at + KEPT_MS });
      for (const [oldest, { until }] of entries) {
        if (until > at && entries.size <= MAX_KEYS) break;
        entries.delete(oldest);
      }
    },
    drop: (id) => {
      entries.delete(id);
    },
    dropAll: (fits) => {
      for (const id of [...entries.keys()].filter(fits)) entries.delete(id);
    },
  };
};
