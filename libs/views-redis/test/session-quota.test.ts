import { streamName } from '@signalbox/event-sourcing';
import type { SessionRow } from '@signalbox/read-models';
import { sdpOffer, t0 } from '@signalbox/testing';
import { redisSessionQuota, redisSessions } from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { aReadSide, atOnce, connect, generationsOf } from './redis.ts';

const one = streamName('session', 'one');

describe('the session quota of several processes', () => {
  const limits = { maxPerIdentity: 3, max: 4 };

  /** Those of two processes. */
  const quotas = async () => {
    const { live, redis } = await aReadSide();
    const other = generationsOf(await connect({ namespace: redis.namespace })).live;
    return {
      live,
      redis,
      here: redisSessionQuota(live, { ...limits, after: atOnce }),
      there: redisSessionQuota(other, { ...limits, after: atOnce }),
    };
  };

  it('counts what others have in flight', async () => {
    const { here, there } = await quotas();
    expect((await here.reserve('alice', 2, t0)).kind).toBe('reserved');
    expect(await there.reserve('alice', 2, t0)).toEqual({ kind: 'too_many_for_identity', limit: 3 });
    expect((await there.reserve('alice', 1, t0)).kind).toBe('reserved');
    expect(await here.reserve('bob', 2, t0)).toEqual({ kind: 'too_many_in_all', limit: 4 });
    expect((await here.reserve('bob', 1, t0)).kind).toBe('reserved');
  });

  it('gives back the places of a process that has died, in time', async () => {
    const { here, there } = await quotas();
    await here.reserve('alice', 3, t0);
    expect((await there.reserve('alice', 1, t0 + 59_999)).kind).toBe('too_many_for_identity');
    expect((await there.reserve('alice', 3, t0 + 60_000)).kind).toBe('reserved');
  });

  it('holds the place of what was recorded until it can be seen, and then counts it once', async () => {
    const { live, redis, here, there } = await quotas();
    const answer = await here.reserve('alice', 3, t0);
    if (answer.kind !== 'reserved') throw new Error(answer.kind);
    answer.release([{ stream: one, revision: 0 }]);
    expect((await there.reserve('alice', 3, t0)).kind).toBe('too_many_for_identity');
    expect(await redis.send('ZRANGE', `${redis.namespace}:quota:all`, 0, -1)).toEqual([one]);

    const row: SessionRow = {
      ...{ sessionId: 'one', state: 'open', publisher: 'alice', tags: [], service: null, sdp: sdpOffer, createdAt: t0 },
      ...{ expiresAt: t0 + 70_000, answer: null, offererCandidates: 0, answererCandidates: 0, endedAt: null },
    };
    await redisSessions(live).write(
      [{ stream: one, after: -1, revision: 0, position: 1, recordedAt: t0, row, out: [] }],
      1,
    );
    expect((await there.reserve('alice', 3, t0)).kind).toBe('too_many_for_identity');
    expect(await redis.send('EXISTS', `${redis.namespace}:quota:of:alice`)).toBe(0);
    expect((await there.reserve('alice', 2, t0)).kind).toBe('reserved');
    expect(await redis.send('ZCARD', `${redis.namespace}:quota:all`)).toBe(2);
    expect((await here.reserve('alice', 2, t0 + 60_000)).kind).toBe('reserved');
  });

  it('holds it no longer than its lease when it is never seen', async () => {
    const { here, there } = await quotas();
    const answer = await here.reserve('alice', 2, t0);
    if (answer.kind !== 'reserved') throw new Error(answer.kind);
    answer.release([{ stream: one, revision: 0 }]);
    expect((await there.reserve('alice', 3, t0 + 59_999)).kind).toBe('too_many_for_identity');
    expect((await there.reserve('alice', 3, t0 + 60_000)).kind).toBe('reserved');
  });
});
