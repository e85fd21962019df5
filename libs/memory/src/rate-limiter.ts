import type { RateLimiter, RatePolicy } from '@signalbox/http';

/** Sums of fractions are not exact: this part of a request is forgiven. */
const TOLERANCE = 1e-6;

type Buckets = { policy: RatePolicy; readonly fullAt: Map<string, number> };

/**
 * The generic cell rate algorithm: one number for each key, the moment at which its whole limit is there again. A cost
 * moves it on, time catches up with it, and it may never be more than a whole limit ahead. Moments are counted in
 * requests of the policy (how many would have been refilled since the limiter's first use), so that costs stay whole.
 *
 * A cost beyond the limit can never be allowed; its `retryAfterMs` is the window, for want of a true answer.
 */
export const memoryRateLimiter = (): RateLimiter => {
  const byPolicy = new Map<string, Buckets>();
  let firstUse: number | undefined;

  const momentOf = (policy: RatePolicy, now: number): number =>
    ((now - (firstUse ?? now)) * policy.limit) / policy.windowMs;

  return {
    take: (policy, key, cost, now) => {
      firstUse ??= now;
      const buckets = byPolicy.get(policy.name) ?? { policy, fullAt: new Map<string, number>() };
      buckets.policy = policy;
      byPolicy.set(policy.name, buckets);

      const moment = momentOf(policy, now);
      const msOf = (requests: number) =>
        Math.max(Math.ceil((requests * policy.windowMs) / policy.limit - TOLERANCE), 0);
      // Never more than the limit is owed, also when the clock was set back.
      const used = Math.min(Math.max((buckets.fullAt.get(key) ?? moment) - moment, 0), policy.limit);
      const missing = used + cost - policy.limit;
      const allowed = missing <= TOLERANCE;
      const usedNow = allowed ? used + cost : used;
      if (usedNow > 0) buckets.fullAt.set(key, moment + usedNow);
      return {
        allowed,
        remaining: Math.max(Math.floor(policy.limit - usedNow + TOLERANCE), 0),
        resetMs: msOf(usedNow),
        retryAfterMs: allowed ? 0 : cost > policy.limit ? policy.windowMs : Math.max(msOf(missing), 1),
      };
    },
    sweep: async (now) => {
      let forgotten = 0;
      for (const { policy, fullAt } of byPolicy.values()) {
        const moment = momentOf(policy, now);
        for (const [key, full] of fullAt) {
          if (full > moment) continue;
          fullAt.delete(key);
          forgotten++;
        }
      }
      return forgotten;
    },
  };
};
