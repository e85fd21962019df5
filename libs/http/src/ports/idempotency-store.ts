/** An answer as it was first given, to be given again. */
export type StoredAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body's bytes; sealed by whoever stores it, when it holds a secret. */
  readonly body: Uint8Array;
};

export type IdempotencyClaim =
  /**
   * Go on, then `complete` or `abandon`. The command id is a new one, or that of an earlier try which got no answer:
   * what is derived from it finds what that try has recorded.
   */
  | { readonly kind: 'new'; readonly commandId: string }
  /** The same key with the same fingerprint has been answered. */
  | { readonly kind: 'answered'; readonly answer: StoredAnswer }
  /** The same key was used for something else. */
  | { readonly kind: 'different' }
  | { readonly kind: 'in_flight' };

/** Times are epoch milliseconds. */
export type ClaimOptions = {
  readonly now: number;
  /** Until when a new record is kept, answered or not. */
  readonly expiresAt: number;
  /** Asked when the key is free: an id that nobody has had before. */
  readonly newCommandId: () => string;
};

/**
 * What each idempotency key was first used for, and answered with. A `scope` is whose key it is: two callers may use
 * the same one. A record that has expired counts as none, swept or not.
 */
export interface IdempotencyStore {
  /**
   * A new claim is durable when this resolves. It outlives the request, failed or crashed, until it expires: until
   * then the key goes on only for the same fingerprint, and with the same command id.
   */
  claim(scope: string, key: string, fingerprint: string, options: ClaimOptions): Promise<IdempotencyClaim>;
  /** Durable when it resolves. The record is kept until `expiresAt` (epoch milliseconds). */
  complete(scope: string, key: string, fingerprint: string, answer: StoredAnswer, expiresAt: number): Promise<void>;
  /** The request ended without an answer worth keeping: it is no longer in flight, and may be tried again. */
  abandon(scope: string, key: string): Promise<void>;
  /** Forgets what expired before `now`, answered or not; says how many. */
  sweep(now: number): Promise<number>;
}
