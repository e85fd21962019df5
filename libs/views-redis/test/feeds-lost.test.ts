import { answeredAt, until } from '@signalbox/testing';
import type { RedisEngine } from '@signalbox/testing/engines';
import { redisFeeds } from '@signalbox/views-redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aLog, namesIn, restOf } from './feeds-log.ts';
import { ownRedis } from './own-redis.ts';
import { connect, generationsOf, switchToEmpty } from './redis.ts';

describe('feeds of which Redis has lost what it was told last', () => {
  let server: RedisEngine;
  beforeAll(async () => {
    server = await ownRedis();
  });
  afterAll(() => server.stop());

  /** Alice has read two items, the second of which is lost; then another is shown, and the lost one again after it. */
  const aLoss = async () => {
    const redis = await connect({ url: server.url });
    await switchToEmpty(generationsOf(redis));
    const { view, feeds } = redisFeeds(generationsOf(redis).live, { logId: async () => 'log' });
    const log = aLog();
    await log.show(view, [...log.call('one'), ...log.call('two')]);
    await redis.send('CONFIG', 'SET', 'appendonly', 'no');
    const lost = log.candidate('one', 'lost', answeredAt + 50);
    await log.show(view, lost);
    const read = await restOf(feeds, 'alice', null);
    expect(namesIn(read.items)).toEqual(['answered', 'answered', 'lost']);
    await server.restart();
    await until('it is back', async () => namesIn((await restOf(feeds, 'alice', null)).items).length === 2);
    return {
      ...{ feeds, read, lastSeenAt: read.items.at(-1)?.at ?? 0 },
      showAgain: async () => {
        await log.show(view, log.candidate('two', 'new', answeredAt + 60));
        await log.show(view, lost);
      },
    };
  };

  it('give a reader by cursor what is new, and nothing again', async () => {
    const { feeds, read, showAgain } = await aLoss();
    const waiting = feeds.changed('alice', read.point, new AbortController().signal);
    await showAgain();
    await waiting;
    const rest = await restOf(feeds, 'alice', read.point);
    expect([namesIn(rest.items), rest.recovered]).toEqual([['new'], true]);
    expect((await restOf(feeds, 'alice', rest.point)).items).toEqual([]);
  });

  it('give a reader by time all that is new', async () => {
    const { feeds, lastSeenAt, showAgain } = await aLoss();
    await showAgain();
    const items = await feeds.since('alice', lastSeenAt);
    expect(namesIn(items)).toContain('new');
    const all = await feeds.since('alice', 0);
    expect(namesIn(all).toSorted()).toEqual(['answered', 'answered', 'lost', 'new']);
    for (const [i, { at }] of all.entries()) expect(at).toBeGreaterThan(all[i - 1]?.at ?? 0);
  });
});
