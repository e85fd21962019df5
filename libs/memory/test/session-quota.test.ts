import { describe, expect, it } from 'vitest';
import { memorySessionQuota } from '../src/session-quota.ts';

describe('a session quota in memory', () => {
  it('gives places back when the living cannot be counted', async () => {
    let broken = true;
    // A double: a view that is away at first.
    const sessions = {
      liveCount: async () => {
        if (broken) throw new Error('away');
        return 0;
      },
    };
    const quota = memorySessionQuota({ sessions, maxPerIdentity: 1, max: 1 });
    await expect(quota.reserve('alice', 1, 0)).rejects.toThrow('away');
    broken = false;
    expect(await quota.reserve('alice', 1, 0)).toEqual({ kind: 'reserved', release: expect.any(Function) });
  });

  it('counts what was reserved while it was counting', async () => {
    const counted = Promise.withResolvers<number>();
    const sessions = { liveCount: () => counted.promise };
    const quota = memorySessionQuota({ sessions, maxPerIdentity: 1, max: 10 });
    const first = quota.reserve('alice', 1, 0);
    const second = quota.reserve('alice', 1, 0);
    counted.resolve(0);
    expect((await first).kind).toBe('reserved');
    expect(await second).toEqual({ kind: 'too_many_for_identity', limit: 1 });
  });
});
