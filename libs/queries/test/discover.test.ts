import { answered, expired, offered, offerTtlMs, retagged, t0, withdrawn } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { feedCursor, pageCursor } from '../src/cursor.ts';
import type { OfferPage } from '../src/index.ts';
import { createRig, type Rig } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});

const any = { tags: ['chat'], service: null, except: null };
const publish = async (...ids: readonly string[]) => {
  for (const id of ids) await rig.record(id, offered({ sdp: `sdp of ${id}` }));
};
const pageOf = async (limit: number, cursor: string | null, filter = any): Promise<OfferPage> => {
  const page = await rig.discover.page(filter, limit, cursor);
  if (page === 'invalid_cursor') throw new Error('The cursor is invalid.');
  return page;
};
const idsOf = (page: Pick<OfferPage, 'offers'>) => page.offers.map(({ sessionId }) => sessionId);

describe('a page of offers', () => {
  it('shows each offer whole', async () => {
    await rig.record('s1', offered({ service: { name: 'chat', version: '1.2.0' } }));
    expect(await pageOf(10, null)).toStrictEqual({
      offers: [
        {
          ...{ sessionId: 's1', publisher: 'alice', tags: ['chat', 'de'], service: { name: 'chat', version: '1.2.0' } },
          ...{ sdp: offered().data.sdp, createdAt: t0, expiresAt: t0 + offerTtlMs, order: expect.any(Number) },
        },
      ],
      cursor: null,
    });
  });

  it('leads from the newest to the oldest, each once, and ends', async () => {
    await publish('s1', 's2', 's3', 's4', 's5');
    const first = await pageOf(2, null);
    const second = await pageOf(2, first.cursor);
    const third = await pageOf(2, second.cursor);
    expect([first, second, third].map(idsOf)).toEqual([['s5', 's4'], ['s3', 's2'], ['s1']]);
    expect(third.cursor).toBeNull();
  });

  it('that ends with the last offer has no next one', async () => {
    await publish('s1', 's2');
    expect(await pageOf(2, null)).toMatchObject({ offers: [{}, {}], cursor: null });
    expect(await pageOf(1, null)).toMatchObject({ offers: [{}], cursor: expect.any(String) });
    expect(await pageOf(5, null, { ...any, tags: ['nothing'] })).toStrictEqual({ offers: [], cursor: null });
  });

  it('neither repeats nor hides anything when offers come and go in between', async () => {
    await publish('s1', 's2', 's3', 's4');
    const first = await pageOf(2, null);
    await publish('s5', 's6');
    await rig.record('s3', withdrawn()); // the one that the cursor was made of
    await rig.record('s2', answered());
    expect(idsOf(await pageOf(2, first.cursor))).toEqual(['s1']);
  });

  it.each([
    ['garbage', 'garbage'],
    ['nothing', ''],
    ['a cursor of the feed', feedCursor.encode({ epoch: 'log-1', sequence: 3, seen: [] })],
  ])('is not given for %s', async (_, cursor) => {
    await publish('s1');
    expect(await rig.discover.page(any, 10, cursor)).toBe('invalid_cursor');
  });

  it('beyond everything is empty', async () => {
    await publish('s1');
    expect(await pageOf(10, pageCursor.encode(0))).toStrictEqual({ offers: [], cursor: null });
  });
});

describe('what is found', () => {
  it('are open offers: not answered, not withdrawn, not expired, and not due, recorded or not', async () => {
    await publish('open', 'answered', 'withdrawn', 'expired');
    await rig.record('answered', answered());
    await rig.record('withdrawn', withdrawn());
    await rig.record('expired', expired());
    expect(idsOf(await pageOf(10, null))).toEqual(['open']);
    await rig.clock.advance(offerTtlMs - 1);
    expect(idsOf(await pageOf(10, null))).toEqual(['open']);
    expect((await rig.discover.count(['chat'], false)).get('chat')).toBe(1);
    await rig.clock.advance(1);
    expect(idsOf(await pageOf(10, null))).toEqual([]);
    expect(await rig.discover.random(any)).toBeUndefined();
    expect(await rig.discover.oldest(any)).toBeUndefined();
    expect(await rig.discover.pageAt(any, 10, 0)).toEqual([]);
    expect((await rig.discover.count(['chat'], false)).get('chat')).toBe(0);
  });

  it('matches any of the tags as they are now, and leaves out whoever asks', async () => {
    await rig.record('s1', offered({ tags: ['a'], publisher: 'bob' }));
    await rig.record('s2', offered({ tags: ['b'] }));
    await rig.record('s3', offered({ tags: ['c'] }), retagged({ tags: ['a', 'b'] }));
    const filter = { tags: ['a', 'b'], service: null, except: null };
    expect(idsOf(await pageOf(10, null, filter))).toEqual(['s3', 's2', 's1']);
    expect(await rig.discover.page({ ...filter, except: 'alice' }, 10, null)).toMatchObject({
      offers: [{ sessionId: 's1' }],
      cursor: null,
    });
    expect(idsOf(await pageOf(10, null, { ...filter, tags: ['c'] }))).toEqual([]);
  });

  it('can be asked for by number of page, as the oldest, one at random, and as counts', async () => {
    await publish('s1', 's2', 's3');
    await rig.record('s4', offered({ publisher: 'bob' }));
    expect(idsOf({ offers: await rig.discover.pageAt(any, 2, 1) })).toEqual(['s3', 's2']);
    expect((await rig.discover.oldest(any))?.sessionId).toBe('s1');
    const picked = new Set<string | undefined>();
    for (let i = 0; i < 100; i++) picked.add((await rig.discover.random(any))?.sessionId);
    expect(picked).toEqual(new Set(['s1', 's2', 's3', 's4']));
    expect(await rig.discover.count(['chat', 'none'], false)).toEqual(
      new Map([
        ['chat', 4],
        ['none', 0],
      ]),
    );
    expect(await rig.discover.count(['chat'], true)).toEqual(new Map([['chat', 2]]));
  });
});
