/** An answer as it was first given, to be given again. */
export type StoredAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body's bytes; sealed by whoever stores it, when it holds a secret. */
  readonly body: Uint8Array;
};

export type IdempotencyClaim =
  /** Nobody has used this key: go on, then `complete` or `abandon`. */
  | { readonly kind: 'new' }
  /** The same key with the same fingerprint has been answered. */
  | { readonly kind: 'answered'; readonly answer: StoredAnswer }
  /** The same key was used for something else. */
  | { readonly kind: 'different' }
  | { readonly kind: 'in_flight' };

/**
 * What each idempotency key was first answered with. A `scope` is whose key it is: two callers may use the same one.
 * A claim that a crash left open is forgotten; the events' derived ids then keep the retry from having a second effect.
 */
export interface IdempotencyStore {
  claim(scope: string, key: string, fingerprint: string, now: number): Promise<IdempotencyClaim>;
  /** Durable when it resolves. The record is kept until `expiresAt` (epoch milliseconds). */
  complete(scope: string, key: string, fingerprint: string, answer: StoredAnswer, expiresAt: number): Promise<void>;
  /** The request failed before it had an answer worth keeping: the key is free again. */
  abandon(scope: string, key: string): Promise<void>;
  /** Forgets what expired before `now`; answers with how many. */
  sweep(now: number): Promise<number>;
}
