import { randomUUID } from 'node:crypto';
import { anExpiry, answeredAt, answeredTtlMs, aWithdrawal, fakeClock, someCandidates, t0 } from '@signalbox/testing';
import { type Generations, type Keyspace, redisFeeds } from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { aLog, namesIn, restOf } from './feeds-log.ts';
import { aReadSide, connect, generationsOf, keysOf, switchToEmpty } from './redis.ts';

const LOG_ID = '0a1b2c3d-0000-4000-8000-000000000000';

const feedsIn = (keyspace: Keyspace, logId = LOG_ID) => redisFeeds(keyspace, { logId: async () => logId });

/** Fills a new generation beside the live one, and makes it the live one. */
const rebuilt = async (generations: Generations, fill: (keyspace: Keyspace) => Promise<void>) => {
  const rebuild = await generations.begin();
  if (rebuild === null) throw new Error('Somebody else is rebuilding.');
  await fill(rebuild.keyspace);
  await rebuild.seal();
  await rebuild.switchTo();
};

describe('several projectors on the same feeds', () => {
  it('put no item into a feed twice and lose none, though they apply the same events at the same time', async () => {
    const { redis, live } = await aReadSide();
    const others = generationsOf(await connect({ namespace: redis.namespace })).live;
    const log = aLog();
    for (let c = 0; c < 8; c++) log.call(`call-${c}`);
    for (let i = 0; i < 30; i++) for (let c = 0; c < 8; c++) log.candidate(`call-${c}`, `${c} ${i}`, answeredAt + i);
    await Promise.all([
      log.show(feedsIn(live).view, log.history, 7),
      log.show(feedsIn(others).view, log.history, 11),
      log.show(feedsIn(live).view, log.history.slice(5), 3),
    ]);
    const { items } = await restOf(feedsIn(live).feeds, 'alice', null);
    expect(items).toHaveLength(8 + 30 * 8);
    for (let c = 0; c < 8; c++) {
      const names = namesIn(items.filter(({ sessionId }) => sessionId === `call-${c}`));
      expect(names).toEqual(['answered', ...Array.from({ length: 30 }, (_, i) => `${c} ${i}`)]);
    }
    for (const [i, { sequence, at }] of items.entries()) {
      expect(sequence).toBeGreaterThan(items[i - 1]?.sequence ?? 0);
      expect(at).toBeGreaterThan(items[i - 1]?.at ?? 0);
    }
  });

  it('keep thousands of feeds apart', async () => {
    const { live } = await aReadSide();
    const { view, feeds } = feedsIn(live);
    const log = aLog();
    for (let i = 0; i < 1_500; i++) log.call(`call-${i}`, `user ${i}`);
    await log.show(view, log.history, 1_000);
    for (let i = 0; i < 1_500; i += 50) {
      const page = await feeds.read(`user ${i}`, null, 10);
      expect(page.items).toEqual([
        expect.objectContaining({ sessionId: `call-${i}`, at: answeredAt, delivered: expect.anything() }),
      ]);
    }
    expect((await feeds.read('bob', null, 10)).items).toEqual([]);
  });
});

describe('what is delivered', () => {
  it('comes back as the value that it was', async () => {
    const { live } = await aReadSide();
    const { view, feeds } = feedsIn(live);
    const candidates = [
      ...[null, true, false, 0, 1.5e-7, 1e308, Number.MAX_SAFE_INTEGER, 0.1 + 0.2, 2 ** 70],
      ...['', ' ', '\u2028\u2029', '\u0000', '\ud83d\ude00', '\ud800', '"\\/', '1 2 3 0 4 5 ', '\r\n', ']]'],
      ...[[], {}, [[]], [{}], { a: [] }, { a: {} }, [null], { '': null }, { 1: 1, b: 2, a: 3 }],
      JSON.parse('{"__proto__":{"x":1},"constructor":1}'),
    ];
    const log = aLog();
    log.call('one');
    log.handle('one', someCandidates({ candidates }));
    await log.show(view);
    const [, item] = (await feeds.read('alice', null, 10)).items;
    const back = item?.delivered.type === 'candidates' ? item.delivered.candidates : [];
    expect(back).toStrictEqual(candidates);
    expect(JSON.stringify(back)).toBe(JSON.stringify(candidates));
  });

  it('is given by time in any number', async () => {
    const { live } = await aReadSide();
    const { view, feeds } = feedsIn(live);
    const log = aLog();
    for (let c = 0; c < 60; c++) log.call(`call-${c}`);
    for (let i = 0; i < 20; i++) for (let c = 0; c < 60; c++) log.candidate(`call-${c}`, `${i}`, answeredAt + 100 * i);
    await log.show(view, log.history, 500);
    const { items } = await restOf(feeds, 'alice', null, 500);
    expect(items).toHaveLength(60 * 21);
    expect(await feeds.since('alice', 0)).toEqual(items);
    for (const after of [0, 1, 59, 60, 700, 1_258, 1_259]) {
      expect(await feeds.since('alice', items[after]?.at ?? 0)).toEqual(items.slice(after + 1));
    }
    const ofOne = items.filter(({ sessionId }) => sessionId === 'call-7');
    expect(await feeds.sessionSince('alice', 'call-7', 0)).toEqual(ofOne);
    expect(await feeds.sessionSince('alice', 'call-7', ofOne[3]?.at ?? 0)).toEqual(ofOne.slice(4));
  });
});

describe('a cursor', () => {
  it('loses nothing where large batches brought items behind later ones of their lane', async () => {
    const { live, generations } = await aReadSide();
    const log = aLog();
    const calls = Array.from({ length: 250 }, (_, i) => `call-${i}`);
    for (const id of calls) log.call(id);
    for (const id of calls.toReversed()) log.candidate(id, id, answeredAt + 5);
    await log.show(feedsIn(live).view);
    const before = feedsIn(live).feeds;
    const { items, point } = await restOf(before, 'alice', null, 7);
    expect(namesIn(items).toSorted()).toEqual([...calls.map(() => 'answered'), ...calls].toSorted());

    const { points } = await before.read('alice', null, 1_000);
    await rebuilt(generations, (keyspace) => log.show(feedsIn(keyspace).view, log.history, 40));
    const after = feedsIn(generations.live).feeds;
    const told = (some: typeof items) => some.map((item) => `${item.sessionId} ${item.delivered.type}`);
    let repeated = 0;
    for (const at of [0, 49, 99, 150, 249, 250, 330, 400, 498]) {
      const rest = await restOf(after, 'alice', points[at] ?? null, 9);
      const all = [...told(items.slice(0, at + 1)), ...told(rest.items)];
      expect(new Set(all).size).toBe(500);
      repeated = Math.max(repeated, all.length - 500);
    }
    // Only of lanes that were divided between two calls.
    expect(repeated).toBeLessThan(25);
    expect((await restOf(after, 'alice', point)).items).toEqual([]);
  });

  it('of a reader that is up to date still is after a rebuild, also where its feed was empty or is forgotten', async () => {
    const { live, generations } = await aReadSide();
    const log = aLog();
    const due = answeredAt + answeredTtlMs;
    log.call('over');
    log.handle('over', anExpiry({ now: due }));
    log.call('other', 'carol', due + 1_000);
    const forgetting = (view: ReturnType<typeof feedsIn>) => view.feeds.forget(due + 1);
    const before = feedsIn(live);
    await log.show(before.view);
    await forgetting(before);
    const point = async (recipient: string) => (await before.feeds.read(recipient, null, 10)).point;
    const points = { alice: await point('alice'), carol: await point('carol'), nobody: await point('nobody') };

    await rebuilt(generations, async (keyspace) => {
      await log.show(feedsIn(keyspace).view, log.history, 2);
      await forgetting(feedsIn(keyspace));
    });
    for (const [recipient, known] of Object.entries(points)) {
      const page = await feedsIn(generations.live).feeds.read(recipient, known, 10);
      expect([page.items, page.recovered]).toEqual([[], true]);
    }
  });

  it('of another log says nothing: its reader starts over, and is told', async () => {
    const { live } = await aReadSide();
    const log = aLog();
    log.call('one');
    await log.show(feedsIn(live).view);
    const foreign = feedsIn(live, 'ffffffff-0000-4000-8000-000000000000').feeds;
    const { point } = await foreign.read('alice', null, 10);
    const page = await feedsIn(live).feeds.read('alice', point, 10);
    expect([namesIn(page.items), page.recovered]).toEqual([['answered'], false]);
    expect((await feedsIn(live).feeds.read('alice', page.point, 10)).recovered).toBe(true);
  });

  it('fits into what clients are given', async () => {
    const { live } = await aReadSide();
    const log = aLog();
    for (let i = 0; i < 400; i++) log.call(randomUUID());
    await log.show(feedsIn(live).view, log.history, 100);
    const { point } = await restOf(feedsIn(live).feeds, 'alice', null, 100);
    expect(point.seen.length).toBeLessThanOrEqual(65);
    expect(point.epoch).toMatch(/^[\w-]{1,64}$/);
    expect(point.seen.every(([lane, position]) => lane <= 65 && Number.isSafeInteger(position))).toBe(true);
  });
});

describe('forgetting feeds', () => {
  it('leaves nothing of what was forgotten in Redis, however many sessions it were', async () => {
    const clock = fakeClock(t0);
    const { live, redis } = await aReadSide(clock);
    const { view, feeds } = feedsIn(live);
    const log = aLog();
    for (let i = 0; i < 130; i++) {
      log.call(`call-${i}`, `user ${i % 10}`);
      log.handle(`call-${i}`, aWithdrawal({ by: `user ${i % 10}`, now: answeredAt + 10 }));
    }
    await log.show(view, log.history, 60);
    await clock.advance(3_600_000);
    expect(await feeds.forget(t0 + 3_600_000)).toBe(130);
    expect(await feeds.forget(t0 + 3_600_000)).toBe(0);
    const left = (await keysOf(redis, '*:feeds:*')).map((key) => key.split(':feeds:')[1]);
    expect(left).toEqual(['about', 'counters']);
  });
});

describe('switching the generation under a reader by time', () => {
  it('gives the same items, numbered anew', async () => {
    const { live, generations, redis } = await aReadSide();
    const log = aLog();
    log.call('one');
    await log.show(feedsIn(live).view);
    const { feeds } = feedsIn(live);
    const names = async () => namesIn(await feeds.since('alice', 0));
    expect(await names()).toEqual(['answered']);
    await rebuilt(generationsOf(await connect({ namespace: redis.namespace })), (keyspace) =>
      log.show(feedsIn(keyspace).view),
    );
    expect(await names()).toEqual(['answered']);
    await switchToEmpty(generations);
    expect(await names()).toEqual([]);
  });
});
