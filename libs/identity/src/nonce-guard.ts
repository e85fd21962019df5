import type { NonceStore } from './ports/nonce-store.ts';

export type Freshness = 'fresh' | 'too_old' | 'too_far_ahead' | 'before_start';

/** Replay protection: what was signed for one request does not work for a second one. See ADR-0004. */
export interface NonceGuard {
  /** How far a timestamp may be from the clock, in milliseconds, both ways and inclusive. */
  readonly windowMs: number;
  /** Epoch milliseconds: what was signed before is refused. */
  readonly refuseSignedBefore: number;
  /** Whether a request with this timestamp (epoch milliseconds, as signed) is to be looked at now. */
  check(timestamp: number): Freshness;
  /**
   * Call it once the signature is verified. True for the first request of this key with this nonce, false for every
   * other, and false when so much time has gone by since `check` that the timestamp is not fresh any more.
   */
  claim(key: string, nonce: string, timestamp: number): Promise<boolean>;
  /** Forgets the nonces of requests that are too old by now; answers with how many. Nothing else may sweep the store. */
  sweep(): Promise<number>;
}

/**
 * Most nonces are kept in memory only, and a crash loses them. It does not matter: a nonce that was lost belongs to a
 * request that was signed before the clock of its own time, and so before the next start, and what was signed before
 * the start is refused. Only what was signed ahead of the clock could be fresh to the next process too; those nonces
 * are claimed durably.
 *
 * `refuseSignedBefore` is the later of the moment the process started and the last recorded time in the log plus one
 * millisecond. The second covers a clock that was set back between two runs. Where the store outlives the process
 * with all that is in it, 0 will do.
 */
export const nonceGuard = (options: {
  readonly store: NonceStore;
  readonly now: () => number;
  readonly windowMs: number;
  readonly refuseSignedBefore: number;
}): NonceGuard => {
  const { store, now, windowMs, refuseSignedBefore } = options;
  // A clock that is set back must not make fresh again what a sweep has forgotten.
  let sweptAt = Number.NEGATIVE_INFINITY;

  const check = (timestamp: number): Freshness => {
    // Asked this way round, a timestamp that is not a number is refused.
    if (!(Math.max(now(), sweptAt) - timestamp <= windowMs)) return 'too_old';
    if (!(timestamp - now() <= windowMs)) return 'too_far_ahead';
    return timestamp < refuseSignedBefore ? 'before_start' : 'fresh';
  };

  return {
    windowMs,
    refuseSignedBefore,
    check,
    claim: async (key, nonce, timestamp) => {
      if (check(timestamp) !== 'fresh') return false;
      const expiresAt = Math.floor(timestamp + windowMs) + 1;
      return store.claim(key, nonce, { expiresAt, durable: timestamp >= now() });
    },
    sweep: async () => {
      const at = now();
      sweptAt = Math.max(sweptAt, at);
      return store.sweep(at);
    },
  };
};
