import type { RateLimiter, RatePolicy } from '@signalbox/http';
import { t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';

/** One request is refilled each second. */
const policy: RatePolicy = { name: 'writes', limit: 10, windowMs: 10_000 };

export const rateLimiterContract = (adapter: string, make: () => Promise<RateLimiter>) =>
  describe(`RateLimiter contract: ${adapter}`, () => {
    let limiter: RateLimiter;
    beforeEach(async () => {
      limiter = await make();
    });

    const take = async (cost: number, now: number, key = 'alice', by = policy) => limiter.take(by, key, cost, now);
    const useUp = async (now = t0) => {
      for (let i = 0; i < policy.limit; i++) await take(1, now);
    };

    it('lets a burst use the whole limit at once, and no more', async () => {
      for (let used = 1; used <= 10; used++) {
        expect(await take(1, t0)).toEqual({
          allowed: true,
          remaining: 10 - used,
          resetMs: used * 1_000,
          retryAfterMs: 0,
        });
      }
      expect(await take(1, t0)).toEqual({ allowed: false, remaining: 0, resetMs: 10_000, retryAfterMs: 1_000 });
    });

    it('refills evenly from then on', async () => {
      await useUp();
      expect(await take(1, t0 + 999)).toEqual({ allowed: false, remaining: 0, resetMs: 9_001, retryAfterMs: 1 });
      expect(await take(1, t0 + 1_000)).toEqual({ allowed: true, remaining: 0, resetMs: 10_000, retryAfterMs: 0 });
      expect(await take(1, t0 + 1_001)).toEqual({ allowed: false, remaining: 0, resetMs: 9_999, retryAfterMs: 999 });
      expect(await take(1, t0 + 4_500)).toEqual({ allowed: true, remaining: 2, resetMs: 7_500, retryAfterMs: 0 });
    });

    it('has the whole limit again, and not more, after a quiet window', async () => {
      await useUp();
      expect(await take(10, t0 + 9_999)).toEqual({ allowed: false, remaining: 9, resetMs: 1, retryAfterMs: 1 });
      expect(await take(10, t0 + 60_000)).toEqual({ allowed: true, remaining: 0, resetMs: 10_000, retryAfterMs: 0 });
      expect((await take(1, t0 + 60_000)).allowed).toBe(false);
    });

    it('uses nothing up with what it refuses', async () => {
      await take(7, t0);
      for (let i = 0; i < 20; i++) {
        expect(await take(4, t0)).toEqual({ allowed: false, remaining: 3, resetMs: 7_000, retryAfterMs: 1_000 });
      }
      expect(await take(3, t0)).toEqual({ allowed: true, remaining: 0, resetMs: 10_000, retryAfterMs: 0 });
    });

    it('answers truly when a request would be allowed', async () => {
      await take(7, t0);
      const { retryAfterMs } = await take(8, t0);
      expect(retryAfterMs).toBe(5_000);
      expect((await take(8, t0 + retryAfterMs - 1)).allowed).toBe(false);
      expect((await take(8, t0 + retryAfterMs)).allowed).toBe(true);
    });

    it('never allows a cost beyond the limit', async () => {
      expect(await take(11, t0)).toEqual({ allowed: false, remaining: 10, resetMs: 0, retryAfterMs: 10_000 });
      expect(await take(11, t0 + 1_000_000)).toEqual({
        allowed: false,
        remaining: 10,
        resetMs: 0,
        retryAfterMs: 10_000,
      });
    });

    it('tells what is left for a cost of nothing', async () => {
      await take(4, t0);
      expect(await take(0, t0)).toEqual({ allowed: true, remaining: 6, resetMs: 4_000, retryAfterMs: 0 });
    });

    it('counts each key and each policy on its own', async () => {
      const reads: RatePolicy = { name: 'reads', limit: 3, windowMs: 60_000 };
      await useUp();
      expect((await take(1, t0)).allowed).toBe(false);
      expect(await take(1, t0, 'bob')).toEqual({ allowed: true, remaining: 9, resetMs: 1_000, retryAfterMs: 0 });
      expect(await take(1, t0, 'alice', reads)).toEqual({
        allowed: true,
        remaining: 2,
        resetMs: 20_000,
        retryAfterMs: 0,
      });
    });

    it('allows exactly the limit when the window does not divide by it', async () => {
      const odd: RatePolicy = { name: 'odd', limit: 7, windowMs: 1_000 };
      for (let round = 0; round < 500; round++) {
        const now = t0 + round * 1_003;
        let allowed = 0;
        for (let i = 0; i < 9; i++) if ((await take(1, now, 'alice', odd)).allowed) allowed++;
        expect(allowed).toBe(7);
      }
    });

    it('allows no more than the burst and the refill, however the requests are spread', async () => {
      let allowed = 0;
      for (let i = 0; i <= 2_702; i++) if ((await take(1, t0 + 37 * i)).allowed) allowed++;
      expect(allowed).toBe(10 + 99); // 99,974 ms have passed
    });

    it('does not refuse for longer than a window when the clock is set back', async () => {
      await useUp(t0 + 3_600_000);
      expect((await take(1, t0)).allowed).toBe(false);
      expect((await take(1, t0 + 10_000)).allowed).toBe(true);
    });

    it('sweeps full buckets and keeps the others', async () => {
      await take(1, t0, 'alice');
      await take(5, t0, 'bob');
      await take(11, t0, 'carol');
      expect(await limiter.sweep(t0 + 999)).toBe(0);
      expect(await limiter.sweep(t0 + 1_000)).toBe(1);
      expect(await take(6, t0 + 1_000, 'bob')).toEqual({
        allowed: true,
        remaining: 0,
        resetMs: 10_000,
        retryAfterMs: 0,
      });
      expect(await limiter.sweep(t0 + 11_000)).toBe(1);
      expect(await limiter.sweep(t0 + 11_000)).toBe(0);
    });
  });
