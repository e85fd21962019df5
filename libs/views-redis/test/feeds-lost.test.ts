import { laneOf, streamName } from '@signalbox/event-sourcing';
import { answeredAt, until } from '@signalbox/testing';
import type { RedisEngine } from '@signalbox/testing/engines';
import { redisFeeds, redisWholeness } from '@signalbox/views-redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aLog, namesIn, restOf } from './feeds-log.ts';
import { ownRedis } from './own-redis.ts';
import { connect, generationsOf, switchToEmpty } from './redis.ts';

const sessionBeside = (id: string): string => {
  const lane = (of: string) => laneOf(streamName('session', of));
  for (let n = 0; ; n++) if (lane(`two-${n}`) === lane(id)) return `two-${n}`;
};

describe('feeds of which Redis has lost what it was told last', () => {
  let server: RedisEngine;
  /** A session of the same lane as `one`. */
  const two = sessionBeside('one');
  beforeAll(async () => {
    server = await ownRedis();
  });
  afterAll(() => server.stop());

  /** Alice has read two items, the second of which is lost; then another is shown, and the lost one again after it. */
  const aLoss = async () => {
    const redis = await connect({ url: server.url });
    await switchToEmpty(generationsOf(redis));
    const generations = generationsOf(redis);
    const { view, feeds } = redisFeeds(generations.live, { logId: async () => 'log' });
    const { view: repaired } = redisFeeds(generations.repaired, { logId: async () => 'log' });
    const wholeness = redisWholeness(generations.live);
    const log = aLog();
    await log.show(view, [...log.call('one'), ...log.call(two)]);
    await redis.send('CONFIG', 'SET', 'appendonly', 'no');
    const lost = log.candidate('one', 'lost', answeredAt + 50);
    await log.show(view, lost);
    const fresh = log.candidate(two, 'new', answeredAt + 60);
    const read = await restOf(feeds, 'alice', null);
    expect(namesIn(read.items)).toEqual(['answered', 'answered', 'lost']);
    await server.restart();
    await until('it is back', async () => namesIn((await restOf(feeds, 'alice', null)).items).length === 2);
    return {
      ...{ feeds, read, lastSeenAt: read.items.at(-1)?.at ?? 0 },
      showNew: () => log.show(view, fresh),
      showLost: async () => {
        const runId = await wholeness.runId();
        await log.show(repaired, lost);
        await wholeness.isWhole(runId, 0);
      },
    };
  };

  it('take nothing new before what was lost is shown again, so that no reader is told it twice', async () => {
    const { feeds, read, showLost, showNew } = await aLoss();
    await expect(showNew()).rejects.toMatchObject({ code: 'VIEWS_UNAVAILABLE' });
    const before = await restOf(feeds, 'alice', read.point);
    expect([namesIn(before.items), before.recovered]).toEqual([[], true]);
    await showLost();
    const between = await restOf(feeds, 'alice', before.point);
    expect([namesIn(between.items), between.recovered]).toEqual([[], true]);
    await showNew();
    const after = await restOf(feeds, 'alice', between.point);
    expect([namesIn(after.items), after.recovered]).toEqual([['new'], true]);
    expect((await restOf(feeds, 'alice', after.point)).items).toEqual([]);
  });

  it('give a reader who waits what is new, and nothing again', async () => {
    const { feeds, read, showLost, showNew } = await aLoss();
    const waiting = feeds.changed('alice', read.point, new AbortController().signal);
    await showLost();
    await showNew();
    await waiting;
    const rest = await restOf(feeds, 'alice', read.point);
    expect([namesIn(rest.items), rest.recovered]).toEqual([['new'], true]);
    expect((await restOf(feeds, 'alice', rest.point)).items).toEqual([]);
  });

  it('give a reader by time all that is new', async () => {
    const { feeds, lastSeenAt, showLost, showNew } = await aLoss();
    await showLost();
    await showNew();
    const items = await feeds.since('alice', lastSeenAt);
    expect(namesIn(items)).toContain('new');
    const all = await feeds.since('alice', 0);
    expect(namesIn(all).toSorted()).toEqual(['answered', 'answered', 'lost', 'new']);
    for (const [i, { at }] of all.entries()) expect(at).toBeGreaterThan(all[i - 1]?.at ?? 0);
  });
});
