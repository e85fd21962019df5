/** `limit` requests in any window of `windowMs`; a burst may use the whole limit at once. */
export type RatePolicy = { readonly name: string; readonly limit: number; readonly windowMs: number };

export type RateAnswer = {
  readonly allowed: boolean;
  /** What is left now. */
  readonly remaining: number;
  /** Milliseconds until the whole limit is there again. */
  readonly resetMs: number;
  /** Milliseconds until a request of this cost would be allowed; 0 when it was. */
  readonly retryAfterMs: number;
};

/**
 * Counts requests. A refused request uses nothing up. `now` comes from one clock for all calls, in milliseconds; a
 * monotonic one, so that nobody is shut out when the wall clock is set.
 */
export interface RateLimiter {
  take(policy: RatePolicy, key: string, cost: number, now: number): Promise<RateAnswer> | RateAnswer;
  /** Forgets full buckets; answers with how many. */
  sweep(now: number): Promise<number>;
}
