import { observationsContract } from '@signalbox/conformance';
import { memoryObservations } from '@signalbox/memory';
import { fakeClock, t0 } from '@signalbox/testing';
import { redisObservations } from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { connect, keysOf } from './redis.ts';

const shown = (sessionId: string, at = t0) => ({ kind: 'discovered', sessionId, at }) as const;

observationsContract('Redis', async ({ maxSessions }) => {
  const redis = await connect();
  let now = t0;
  const of = async (namespace: string) =>
    redisObservations({
      ...{ redis: await connect({ namespace }), maxWaiting: maxSessions },
      ...{ local: memoryObservations({ maxSessions }), now: () => now, after: () => () => undefined },
    });
  const [noticing, recording] = [await of(redis.namespace), await of(redis.namespace)];
  return {
    ...{ noticing, recording },
    flushed: (at) => {
      now = at;
      return noticing.flush();
    },
  };
});

describe('observations in Redis', () => {
  it('leave a process about a second after they were noted, and again as long as something comes', async () => {
    const redis = await connect();
    const clock = fakeClock(t0);
    const observations = redisObservations({
      ...{ redis, local: memoryObservations(), now: clock.now, after: clock.after },
    });
    const idsTaken = async () => (await observations.take(10, t0)).sessions.map(({ sessionId }) => sessionId);
    observations.note(shown('one'));
    expect(await idsTaken()).toEqual([]);
    await clock.advance(1_000);
    await expect.poll(idsTaken).toEqual(['one']);
    observations.note(shown('two'));
    await observations.close();
    expect(await idsTaken()).toEqual(['two']);
  });

  it('are given up, and counted, while Redis does not take them', async () => {
    const redis = await connect();
    let isAway = true;
    const flaky: typeof redis = {
      ...redis,
      run: (script, args) => (isAway ? Promise.reject(new Error('away')) : redis.run(script, args)),
    };
    const observations = redisObservations({
      ...{ redis: flaky, local: memoryObservations(), now: () => t0, after: () => () => undefined },
    });
    observations.note(shown('one'));
    await observations.flush();
    isAway = false;
    observations.note(shown('two'));
    await observations.flush();
    const { sessions, dropped } = await observations.take(10, t0);
    expect([sessions.map(({ sessionId }) => sessionId), dropped]).toEqual([['two'], { sessions: 1, since: t0 }]);
  });

  it('leave nothing in Redis when they were taken, not even of an older version', async () => {
    const redis = await connect();
    const observations = redisObservations({
      ...{ redis, local: memoryObservations({ maxSessions: 1 }), now: () => t0, after: () => () => undefined },
    });
    await redis.send('RPUSH', `${redis.namespace}:observations:waiting`, '{"session":{"sessionId":"old"}}');
    await redis.send('SET', `${redis.namespace}:observations:dropped`, 7);
    for (const id of ['one', 'two']) observations.note(shown(id));
    await observations.flush();
    expect(await observations.take(10, t0)).toMatchObject({
      sessions: [{ sessionId: 'two' }],
      dropped: { sessions: 1 },
    });
    expect(await keysOf(redis)).toEqual([]);
  });

  it('tell since when those were noticed that were dropped, here and on the way', async () => {
    const redis = await connect();
    const of = (maxSessions: number) =>
      redisObservations({
        ...{ redis, local: memoryObservations({ maxSessions }), now: () => t0, after: () => () => undefined },
        maxWaiting: 3,
      });
    const [small, large] = [of(1), of(100)];
    for (let i = 0; i < 5; i++) large.note(shown(`large-${i}`, t0 + 10 + i));
    await large.flush();
    small.note(shown('small-1', t0 + 2));
    small.note(shown('small-2', t0 + 30));
    await small.flush();
    // Two of the large one's, then the small one's first, which it dropped by itself, and one more that made room.
    expect(await large.take(10, t0)).toMatchObject({
      sessions: [{ sessionId: 'large-3' }, { sessionId: 'large-4' }, { sessionId: 'small-2' }],
      dropped: { sessions: 4, since: t0 + 2 },
    });
    expect(await large.take(10, t0)).toMatchObject({ sessions: [], dropped: null });
  });
});
