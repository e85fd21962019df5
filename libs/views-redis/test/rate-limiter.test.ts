import { until } from '@signalbox/testing';
import { redisRateLimiter } from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { connect, keysOf } from './redis.ts';

/** Two instances; whatever time a caller gives is nonsense here. */
const twoInstances = async () => {
  const one = await connect();
  const other = await connect({ namespace: one.namespace });
  const limiters = [one, other].map((redis) => redisRateLimiter({ redis, timeOf: 'server' }));
  return { redis: one, limiters };
};

describe('rate limits over several instances', () => {
  it('let no more than the limit through, however many ask at once', async () => {
    const { limiters } = await twoInstances();
    const policy = { name: 'writes', limit: 50, windowMs: 36_000_000 };
    const asked = Array.from({ length: 400 }, (_, i) => limiters[i % 2]?.take(policy, 'alice', 1, i * 1e9));
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => answer?.allowed)).toHaveLength(50);
    const remaining = answers.filter((answer) => answer?.allowed).map((answer) => answer?.remaining ?? -1);
    expect(remaining.toSorted((a, b) => b - a)).toEqual(Array.from({ length: 50 }, (_, i) => 49 - i));
  });

  it('refill by the clock of Redis', async () => {
    const { limiters } = await twoInstances();
    const policy = { name: 'writes', limit: 2, windowMs: 200 };
    const take = async (by: number) => limiters[by]?.take(policy, 'alice', 2, 0);
    expect(await take(0)).toEqual({ allowed: true, remaining: 0, resetMs: 200, retryAfterMs: 0 });
    expect(await until('it is refilled', async () => (await take(1))?.allowed)).toBe(true);
  });

  it('leave nothing behind once a bucket is full again, and have nothing to sweep', async () => {
    const { redis, limiters } = await twoInstances();
    await limiters[0]?.take({ name: 'writes', limit: 10, windowMs: 300 }, 'alice', 3, 0);
    const [bucket = ''] = await keysOf(redis, 'limits:*');
    expect(await redis.send('PTTL', bucket)).toBeGreaterThan(0);
    expect(await redis.send('PTTL', bucket)).toBeLessThanOrEqual(90);
    expect(await limiters[0]?.sweep(Number.MAX_SAFE_INTEGER)).toBe(0);
    await until('it is gone', async () => (await keysOf(redis)).length === 0);
  });
});
