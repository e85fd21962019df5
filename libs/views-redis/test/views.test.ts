import { type Change, streamName } from '@signalbox/event-sourcing';
import type { CredentialRow, DiscoveryRow, SessionRow } from '@signalbox/read-models';
import { sdpOffer, seededChance, t0 } from '@signalbox/testing';
import { redisCredentials, redisDiscovery, redisDueTimes, redisSessions } from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { aReadSide, keysOf } from './redis.ts';

const change = <Row>(id: string, row: Row | undefined, position: number, after = -1): Change<Row, never> => ({
  ...{ stream: streamName('session', id), after, revision: after + 1, position, recordedAt: t0, row, out: [] },
});

const aSession = (sessionId: string, overrides?: Partial<SessionRow>): SessionRow => ({
  ...{ sessionId, state: 'open', publisher: 'alice', tags: ['chat'], service: null, sdp: sdpOffer },
  ...{
    createdAt: t0,
    expiresAt: t0 + 60_000,
    answer: null,
    offererCandidates: 0,
    answererCandidates: 0,
    endedAt: null,
  },
  ...overrides,
});

const anOpenOffer = (order: number, overrides?: Partial<DiscoveryRow>): DiscoveryRow => ({
  ...{ sessionId: `s${order}`, publisher: 'alice', tags: ['chat', 'de'], service: { name: 'chat', version: '1.0.0' } },
  ...{ sdp: sdpOffer, createdAt: t0, expiresAt: t0 + 60_000, order },
  ...overrides,
});

const any = { tags: [], service: null, except: null };

/** Discovery with these offers. */
const withOffers = async (offers: readonly DiscoveryRow[]) => {
  const side = await aReadSide();
  const discovery = redisDiscovery(side.live, { chance: seededChance(3) });
  const changes = offers.map((offer) => change(offer.sessionId, offer, offer.order));
  expect(await discovery.write(changes, offers.length)).toEqual([]);
  return { ...side, discovery };
};

describe('writing many rows at once', () => {
  const numbers = Array.from({ length: 350 }, (_, i) => i + 1);

  it('takes more than goes into one call, and then the checkpoint', async () => {
    const sessions = redisSessions((await aReadSide()).live);
    const changes = numbers.map((n) => change(`s${n}`, aSession(`s${n}`), n));
    expect(await sessions.write(changes, 350)).toEqual([]);
    const rows = await sessions.read(changes.map(({ stream }) => stream));
    expect(rows.size).toBe(350);
    expect(rows.get(streamName('session', 's317'))).toEqual({ revision: 0, row: aSession('s317') });
    expect(await sessions.checkpoint()).toBe(350);
    expect(await sessions.liveCount(t0, 'alice')).toBe(350);
  });

  it('keeps the checkpoint back when one of many calls found a row that somebody else had written', async () => {
    const sessions = redisSessions((await aReadSide()).live);
    await sessions.write([change('s333', aSession('s333'), 1), change('s333', aSession('s333'), 2, 0)], 2);
    const changes = numbers.map((n) => change(`s${n}`, aSession(`s${n}`), 10 + n, n === 333 ? 3 : -1));
    expect(await sessions.write(changes, 400)).toEqual([streamName('session', 's333')]);
    expect(await sessions.checkpoint()).toBe(2);
    expect(await sessions.liveCount(t0)).toBe(350);
  });

  it('takes rows of any length, with whatever JSON they hold', async () => {
    const sessions = redisSessions((await aReadSide()).live);
    const odd = ['\u0000', '\ud800', 'Ä"\\', '0:1'];
    const changes = numbers.slice(0, 30).map((n) => {
      const row = aSession(`s${n}`, { sdp: 'x'.repeat(64_000), tags: odd, publisher: 'odd\u0000:*' });
      return change(`s${n}`, row, n);
    });
    expect(await sessions.write(changes, 30)).toEqual([]);
    expect(await sessions.find('s7')).toEqual(changes[6]?.row);
    expect((await sessions.livePublishedBy('odd\u0000:*', t0)).length).toBe(30);
  });
});

describe('reading all credentials', () => {
  it('gives each once, also when a table that shrinks is scanned in part again', async () => {
    const { redis, live } = await aReadSide();
    const generation = await redis.send('GET', `${redis.namespace}:generation`);
    const rows = `${redis.namespace}:${generation}:credentials:rows`;
    const row: CredentialRow = {
      ...{ name: 'NAME', sealedSecret: 'sealed', previous: null, issuedAt: t0, expiresAt: t0 + 9, lifetime: 'fixed' },
      endedAt: null,
    };
    const fill = `for i = 1, 100000 do
      redis.call('HSET', KEYS[1], 'credential-c' .. i, (string.gsub(ARGV[1], 'NAME', 'c' .. i)))
    end`;
    await redis.send('EVAL', fill, 1, rows, `0:${JSON.stringify(row)}`);
    const names: string[] = [];
    for await (const page of redisCredentials(live).all()) {
      if (names.length === 0) {
        // Each look moves some of the rows to the smaller table; only then it may become smaller once more.
        const keep = `local kept = {}
          for _, name in ipairs(ARGV) do kept[name] = true end
          for _ = 1, 2 do
            for i = 1, 100000 do if not kept['c' .. i] then redis.call('HDEL', KEYS[1], 'credential-c' .. i) end end
            redis.call('HSET', KEYS[1], 'another', '0:')
            redis.call('HDEL', KEYS[1], 'another')
          end`;
        await redis.send('EVAL', keep, 1, rows, ...page.map(({ name }) => name));
      }
      names.push(...page.map(({ name }) => name));
    }
    expect(names.length).toBeGreaterThan(100);
    expect(names).toEqual([...new Set(names)]);
  });
});

describe('forgetting', () => {
  it('leaves no key of what ended or was removed, in any view', async () => {
    const { redis, live, clock } = await aReadSide();
    const discovery = redisDiscovery(live, { chance: seededChance(1) });
    const sessions = redisSessions(live);
    const credentials = redisCredentials(live);
    const dueTimes = redisDueTimes(live);
    const ids = Array.from({ length: 250 }, (_, i) => i);
    const due = (id: string) => ({ kind: 'session', id, dueAt: t0 + 9 }) as const;
    const credential = (name: string, endedAt: number | null): CredentialRow => ({
      ...{ name, sealedSecret: 'sealed', previous: null, issuedAt: t0, expiresAt: t0 + 9, lifetime: 'fixed', endedAt },
    });
    const service = (i: number) => ({ name: `service-${i % 5}`, version: `1.0.${i % 7}` });
    const offer = (i: number) =>
      anOpenOffer(i, { tags: [`tag-${i % 9}`], service: service(i), publisher: `p${i % 11}` });
    await discovery.write(
      ids.map((i) => change(`s${i}`, offer(i), i)),
      250,
    );
    await sessions.write(
      ids.map((i) => change(`s${i}`, aSession(`s${i}`, { publisher: `p${i % 11}` }), i)),
      250,
    );
    await dueTimes.sessions.write(
      ids.map((i) => change(`s${i}`, due(`s${i}`), i)),
      250,
    );
    await credentials.write(
      ids.map((i) => change(`s${i}`, credential(`s${i}`, null), i)),
      250,
    );
    expect((await keysOf(redis)).length).toBeGreaterThan(100);

    await clock.advance(1_000);
    const gone = ids.map((i) => ({ ...change<never>(`s${i}`, undefined, 300 + i, 0), recordedAt: t0 + 1_000 }));
    expect(await discovery.write(gone, 600)).toEqual([]);
    expect(await dueTimes.sessions.write(gone, 600)).toEqual([]);
    await sessions.write(
      ids.map((i) => change(`s${i}`, aSession(`s${i}`, { endedAt: t0 + i }), 300 + i, 0)),
      600,
    );
    await credentials.write(
      ids.map((i) => change(`s${i}`, credential(`s${i}`, t0 + i), 300 + i, 0)),
      600,
    );
    expect(await sessions.forget(t0 + 100)).toBe(100);
    expect(await sessions.forget(t0 + 10_000)).toBe(150);
    expect(await credentials.forget(t0 + 10_000)).toBe(250);
    expect(await discovery.forget(t0 + 1_000)).toBe(0);
    expect((await discovery.read([streamName('session', 's1')])).size).toBe(1);
    expect(await discovery.forget(t0 + 1_001)).toBe(0);
    expect(await dueTimes.sessions.forget(t0 + 1_001)).toBe(0);

    const generation = await redis.send('GET', `${redis.namespace}:generation`);
    const about = ['credentials', 'discovery', 'session-due-times', 'sessions'].map(
      (view) => `${generation}:${view}:about`,
    );
    expect(await keysOf(redis)).toEqual(
      ['generation', 'generations', `${generation}:applied`, ...about]
        .map((key) => `${redis.namespace}:${key}`)
        .toSorted(),
    );
  });

  it('does not keep what ended before what is forgotten, when its events come again', async () => {
    const sessions = redisSessions((await aReadSide()).live);
    await sessions.forget(t0 + 50);
    await sessions.write([change('old', aSession('old', { endedAt: t0 + 49 }), 1)], 1);
    await sessions.write([change('two', aSession('two'), 2)], 2);
    await sessions.write([change('two', aSession('two', { endedAt: t0 + 40 }), 3, 0)], 3);
    await sessions.write([change('new', aSession('new', { endedAt: t0 + 50 }), 4)], 4);
    const streams = ['old', 'two', 'new'].map((id) => streamName('session', id));
    expect([...(await sessions.read(streams)).keys()]).toEqual([streamName('session', 'new')]);
    expect(await sessions.liveCount(t0)).toBe(0);
    expect(await sessions.forget(t0 + 51)).toBe(1);
  });
});

describe('discovery in Redis', () => {
  it('hides any number of offers that expire together', async () => {
    const offers = Array.from({ length: 730 }, (_, i) =>
      anOpenOffer(i, { expiresAt: i % 10 === 0 ? t0 + 200 : t0 + 100 }),
    );
    const { discovery, redis } = await withOffers(offers);
    expect(await discovery.openCount(t0 + 99)).toBe(730);
    expect(await discovery.openCount(t0 + 100)).toBe(73);
    expect([...(await discovery.count(['chat'], true, t0 + 100))]).toEqual([['chat', 1]]);
    expect((await discovery.page(any, { before: null, skip: 0, limit: 1_000, now: t0 + 100 })).length).toBe(73);
    expect(await discovery.openCount(t0 + 200)).toBe(0);
    expect(await keysOf(redis, '*:discovery:tag:*')).toEqual([]);
    expect(await keysOf(redis, '*:discovery:version*')).toEqual([]);
  });

  it('gives pages of any size from any depth, over many lists', async () => {
    const offers = Array.from({ length: 6_000 }, (_, i) =>
      anOpenOffer(i, {
        tags: i % 3 === 0 ? ['a'] : i < 5_000 ? ['a', 'b'] : ['b', 'c', `rare-${i % 40}`],
        publisher: i % 2 === 0 || i > 2_000 ? 'alice' : 'bob',
        service: { name: 'chat', version: `1.${i % 30}.0` },
      }),
    );
    const { discovery } = await withOffers(offers);
    const newest = offers.toReversed();
    const idsOf = async (filter: Parameters<typeof discovery.page>[0], skip: number, limit: number) =>
      (await discovery.page(filter, { before: null, skip, limit, now: t0 })).map(({ order }) => order);
    const rare = Array.from({ length: 40 }, (_, i) => `rare-${i}`);
    const tagged = (...tags: readonly string[]) =>
      newest.filter((offer) => offer.tags.some((tag) => tags.includes(tag)));
    const orders = (some: readonly DiscoveryRow[]) => some.map(({ order }) => order);

    expect(await idsOf(any, 5_500, 450)).toEqual(orders(newest.slice(5_500, 5_950)));
    expect(await idsOf({ ...any, tags: ['a', 'b', 'c'] }, 4_321, 300)).toEqual(
      orders(tagged('a', 'b', 'c').slice(4_321, 4_621)),
    );
    expect(await idsOf({ ...any, tags: ['a', ...rare] }, 700, 30)).toEqual(
      orders(tagged('a', ...rare).slice(700, 730)),
    );
    const bobs = newest.filter(({ publisher }) => publisher === 'bob');
    expect(await idsOf({ ...any, except: 'alice' }, 10, 20)).toEqual(orders(bobs.slice(10, 30)));
    const chat = { name: 'chat', range: '>=1.10' };
    const versions = tagged('b').filter(({ order }) => order % 30 >= 10);
    expect(await idsOf({ tags: ['b'], service: chat, except: null }, 900, 100)).toEqual(
      orders(versions.slice(900, 1_000)),
    );
    expect((await discovery.oldest({ ...any, except: 'alice' }, t0))?.order).toBe(1);
    expect((await discovery.oldest({ tags: ['b', 'c'], service: chat, except: 'bob' }, t0))?.order).toBe(10);
  });

  it('finds the one offer that is not the asker’s own among thousands that are', async () => {
    const offers = Array.from({ length: 3_000 }, (_, i) =>
      anOpenOffer(i, { publisher: i === 1_234 ? 'bob' : 'alice' }),
    );
    const { discovery } = await withOffers(offers);
    for (let i = 0; i < 5; i++) {
      expect((await discovery.random({ tags: ['chat', 'de'], service: null, except: 'alice' }, t0))?.order).toBe(1_234);
    }
    expect(await discovery.random({ ...any, tags: ['de'], except: 'carol' }, t0)).toBeDefined();
  });
});
