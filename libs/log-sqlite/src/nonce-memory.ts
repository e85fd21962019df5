/** Nonces that expire in the same ten seconds are kept, and mostly forgotten, together. */
const BUCKET_MS = 10_000;

/**
 * Used nonces, in memory. Forgetting costs what has expired since the last time and at most one bucket more, so a
 * sweep does not hold up the event loop, however many nonces there are.
 */
export const createNonceMemory = () => {
  const buckets = new Map<number, Map<string, number>>();

  const isUsed = (used: string): boolean => {
    for (const bucket of buckets.values()) if (bucket.has(used)) return true;
    return false;
  };

  const forgetExpired = (bucket: Map<string, number>, now: number): number => {
    const before = bucket.size;
    for (const [used, expiresAt] of bucket) if (expiresAt < now) bucket.delete(used);
    return before - bucket.size;
  };

  return {
    isUsed,
    remember: (used: string, expiresAt: number): void => {
      const start = Math.floor(expiresAt / BUCKET_MS);
      const bucket = buckets.get(start) ?? new Map<string, number>();
      buckets.set(start, bucket.set(used, expiresAt));
    },
    forget: (used: string): void => {
      for (const bucket of buckets.values()) bucket.delete(used);
    },
    /** Forgets what expired before `now`; answers with how many. */
    sweep: (now: number): number => {
      let count = 0;
      for (const [start, bucket] of buckets) {
        if ((start + 1) * BUCKET_MS <= now) {
          count += bucket.size;
          buckets.delete(start);
        } else if (start * BUCKET_MS < now) count += forgetExpired(bucket, now);
      }
      return count;
    },
  };
};
