import { streamName } from '@signalbox/event-sourcing';
import { until } from '@signalbox/testing';
import type { RedisEngine } from '@signalbox/testing/engines';
import { redisSessions, redisWholeness } from '@signalbox/views-redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownRedis } from './own-redis.ts';
import { connect, generationsOf, switchToEmpty } from './redis.ts';

const stream = streamName('session', 'one');
const removal = { stream, after: -1, revision: 0, position: 10, recordedAt: 1_000, row: undefined, out: [] };
const unavailable = { code: 'VIEWS_UNAVAILABLE' };

describe('a Redis that was restarted', () => {
  let server: RedisEngine;
  beforeAll(async () => {
    server = await ownRedis();
  });
  afterAll(() => server.stop());

  const restarted = async (redis: Awaited<ReturnType<typeof connect>>) => {
    await server.restart();
    await until('the connection is back', () => redis.ping().then(() => true));
  };

  it('takes writes of the live read models only from who shows again what may be lost, until that is done', async () => {
    const redis = await connect({ url: server.url });
    const generations = generationsOf(redis);
    await switchToEmpty(generations);
    const wholeness = redisWholeness(generations.live);
    await wholeness.reached(0, 7);
    expect(await wholeness.lostAfter()).toBeNull();
    await restarted(redis);

    const [live, repaired] = [redisSessions(generations.live), redisSessions(generations.repaired)];
    expect(await wholeness.lostAfter()).toBe(7);
    await expect(live.write([removal], 10)).rejects.toMatchObject(unavailable);
    await expect(live.write([], 10)).rejects.toMatchObject(unavailable);
    await wholeness.reached(0, 10);
    expect(await wholeness.lostAfter(), 'nothing counts as reached').toBe(7);

    const run = await wholeness.runId();
    expect(await repaired.write([removal], 10)).toEqual([]);
    await wholeness.isWhole(run, 0);
    expect(await wholeness.lostAfter()).toBeNull();
    expect(await live.write([{ ...removal, after: 0, revision: 1, position: 20 }], 20)).toEqual([]);
    expect(await live.checkpoint()).toBe(20);
  });

  it('takes nothing more for read models that were being filled: they may have lost something, and are begun anew', async () => {
    const redis = await connect({ url: server.url });
    const generations = generationsOf(redis);
    const rebuild = await generations.begin();
    if (rebuild === null) throw new Error('Somebody else is rebuilding.');
    const view = redisSessions(rebuild.keyspace);
    expect(await view.write([removal], 10)).toEqual([]);
    await restarted(redis);
    await expect(redisWholeness(rebuild.keyspace).begin(10)).rejects.toMatchObject({ code: 'REBUILD_LOST' });
    await expect(view.write([], 20)).rejects.toMatchObject({ code: 'REBUILD_LOST' });
    expect(rebuild.signal.aborted).toBe(true);
  });
});
