import { session } from '@signalbox/domain';
import type { View } from '@signalbox/event-sourcing';
import type { Discovery, DiscoveryRow, OfferFilter } from '@signalbox/read-models';
import { discovery as projection } from '@signalbox/read-models/projections';
import {
  anAnswer,
  anExpiry,
  anOffer,
  aRetag,
  aWithdrawal,
  offerTtlMs,
  sdpOffer,
  seededChance,
  t0,
} from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { discoveryModelContract } from './views-discovery-model.ts';
import { discoveryRandomContract } from './views-discovery-random.ts';
import { drive } from './views-driver.ts';

export type DiscoveryView = View<DiscoveryRow> & Discovery;
export type MakeDiscovery = (chance: { fraction(): number }) => Promise<DiscoveryView>;

const any: OfferFilter = { tags: [], service: null, except: null };
const tagged = (...tags: readonly string[]): OfferFilter => ({ ...any, tags });

/** `make` is handed the chance that random picks are to be drawn with; an adapter with one of its own may ignore it. */
export const discoveryContract = (adapter: string, make: MakeDiscovery) => {
  describe(`Discovery contract: ${adapter}`, () => {
    let view: DiscoveryView;
    let driver: ReturnType<typeof driving>;
    const driving = () => drive(session, projection, view);
    beforeEach(async () => {
      view = await make(seededChance(1));
      driver = driving();
    });

    const publish = async (...ids: readonly string[]) => {
      for (const id of ids) await driver.handle(id, anOffer());
    };
    const page = async (
      filter: OfferFilter,
      { before = null, skip = 0, limit = 100, now = t0 }: Partial<Parameters<Discovery['page']>[1]> = {},
    ) => view.page(filter, { before, skip, limit, now });
    const ids = async (...args: Parameters<typeof page>) => (await page(...args)).map((offer) => offer.sessionId);
    /** Everything that a random pick can give: drawn often enough to miss none of a handful. */
    const picked = async (filter: OfferFilter, now = t0) => {
      const found = new Set<string | undefined>();
      for (let i = 0; i < 200; i++) found.add((await view.random(filter, now))?.sessionId);
      return [...found].sort();
    };

    it('shows nothing where nothing was published', async () => {
      expect(await page(any)).toEqual([]);
      expect(await page(tagged('chat'))).toEqual([]);
      expect(await view.random(any, t0)).toBeUndefined();
      expect(await view.random(tagged('chat', 'de'), t0)).toBeUndefined();
      expect(await view.oldest(any, t0)).toBeUndefined();
      expect(await view.count(['chat'], false, t0)).toEqual(new Map([['chat', 0]]));
      expect(await view.count(['chat'], true, t0)).toEqual(new Map([['chat', 0]]));
      expect(await view.count([], true, t0)).toEqual(new Map());
    });

    it('shows an open offer whole, however it is asked for', async () => {
      const service = { name: 'chat', version: '1.2.0' };
      const [published] = await driver.handle('one', anOffer({ service }));
      const offer: DiscoveryRow = {
        sessionId: 'one',
        publisher: 'alice',
        tags: ['chat', 'de'],
        service,
        sdp: sdpOffer,
        createdAt: t0,
        expiresAt: t0 + offerTtlMs,
        order: published?.position ?? -1,
      };
      for (const filter of [any, tagged('de'), { ...any, service: { name: 'chat', range: '*' }, except: 'bob' }]) {
        expect(await page(filter)).toEqual([offer]);
        expect(await view.random(filter, t0)).toEqual(offer);
        expect(await view.oldest(filter, t0)).toEqual(offer);
      }
    });

    it('gives pages newest first, from a cursor or by skipping', async () => {
      await publish('a', 'b', 'c', 'd', 'e');
      expect(await ids(any)).toEqual(['e', 'd', 'c', 'b', 'a']);
      expect(await ids(any, { limit: 2 })).toEqual(['e', 'd']);
      expect(await ids(any, { limit: 2, skip: 3 })).toEqual(['b', 'a']);
      expect(await ids(any, { limit: 2, skip: 5 })).toEqual([]);
      expect(await ids(any, { limit: 0 })).toEqual([]);
      const before = (await page(any, { limit: 2 })).at(-1)?.order ?? null;
      expect(await ids(any, { before, limit: 2 })).toEqual(['c', 'b']);
      expect(await ids(any, { before, skip: 1, limit: 2 })).toEqual(['b', 'a']);
      expect((await view.oldest(any, t0))?.sessionId).toBe('a');
    });

    it('neither repeats nor hides an offer while others come and go between two pages', async () => {
      await publish('a', 'b', 'c', 'd', 'e', 'f');
      const first = await page(tagged('chat', 'de'), { limit: 2 });
      expect(first.map((offer) => offer.sessionId)).toEqual(['f', 'e']);
      await publish('g', 'h');
      for (const gone of ['e', 'f', 'c']) await driver.handle(gone, aWithdrawal());
      const before = first.at(-1)?.order ?? null;
      expect(await ids(tagged('chat', 'de'), { before, limit: 2 })).toEqual(['d', 'b']);
      expect(await ids(tagged('chat', 'de'), { limit: 9 })).toEqual(['h', 'g', 'd', 'b', 'a']);
    });

    it('finds what bears any of the tags, each offer once', async () => {
      await driver.handle('x', anOffer({ tags: ['a'] }));
      await driver.handle('y', anOffer({ tags: ['a', 'b', 'c'] }));
      await driver.handle('z', anOffer({ tags: ['b'] }));
      await driver.handle('none', anOffer({ tags: [] }));
      expect(await ids(tagged('a', 'b'))).toEqual(['z', 'y', 'x']);
      expect(await ids(tagged('b', 'a', 'b'), { skip: 1, limit: 1 })).toEqual(['y']);
      expect(await ids(tagged('c', 'unknown'))).toEqual(['y']);
      expect(await ids(any)).toEqual(['none', 'z', 'y', 'x']);
      expect(await picked(tagged('a', 'b'))).toEqual(['x', 'y', 'z']);
      expect(await picked(any)).toEqual(['none', 'x', 'y', 'z']);
      expect((await view.oldest(tagged('b', 'c'), t0))?.sessionId).toBe('y');
    });

    it('takes tags as they are, however odd', async () => {
      const odd = ['__proto__', 'constructor', '', 'a\u0000b', 'Ä:*?[x]'];
      await driver.handle('odd', anOffer({ tags: odd }));
      for (const tag of odd) expect(await ids(tagged(tag))).toEqual(['odd']);
      expect(await ids(tagged('toString'))).toEqual([]);
      expect(await view.count(odd, true, t0)).toEqual(new Map(odd.map((tag) => [tag, 1])));
    });

    it('counts an offer once under a tag that it bears twice, and lets it go', async () => {
      await driver.handle('one', anOffer({ tags: ['twice', 'twice'] }));
      expect(await view.count(['twice'], false, t0)).toEqual(new Map([['twice', 1]]));
      expect(await ids(tagged('twice'))).toEqual(['one']);
      await driver.handle('one', anAnswer({ matchedTags: null }));
      expect(await view.count(['twice'], false, t0)).toEqual(new Map([['twice', 0]]));
      expect(await view.count(['twice'], true, t0)).toEqual(new Map([['twice', 0]]));
    });

    it('counts the offers and the publishers of each tag', async () => {
      await driver.handle('one', anOffer({ tags: ['a', 'b'] }));
      await driver.handle('two', anOffer({ tags: ['a'] }));
      await driver.handle('three', anOffer({ tags: ['a'], by: 'bob' }));
      const asked = ['a', 'b', 'c'];
      const counts = async (unique: boolean) => [...(await view.count(asked, unique, t0))];
      const total = (a: number, b: number) => [
        ['a', a],
        ['b', b],
        ['c', 0],
      ];
      expect(await counts(false)).toEqual(total(3, 1));
      expect(await counts(true)).toEqual(total(2, 1));
      await driver.handle('one', aWithdrawal());
      expect(await counts(false)).toEqual(total(2, 0));
      expect(await counts(true)).toEqual(total(2, 0));
      await driver.handle('two', aWithdrawal());
      expect(await counts(true)).toEqual(total(1, 0));
    });

    it.each([
      ['is answered', (id: string) => driver.handle(id, anAnswer({ now: t0 }))],
      ['is withdrawn', (id: string) => driver.handle(id, aWithdrawal({ now: t0 }))],
      ['has expired', (id: string) => driver.handle(id, anExpiry({ now: t0 + offerTtlMs }))],
    ])('shows an offer no more once it %s', async (_, end) => {
      await publish('stays', 'goes');
      await end('goes');
      expect(await ids(any)).toEqual(['stays']);
      expect(await ids(tagged('chat', 'de'))).toEqual(['stays']);
      expect(await picked(tagged('chat'))).toEqual(['stays']);
      expect(await view.count(['chat'], false, t0)).toEqual(new Map([['chat', 1]]));
      expect(await view.count(['chat'], true, t0)).toEqual(new Map([['chat', 1]]));
      await driver.handle('stays', aWithdrawal());
      expect(await view.oldest(any, t0)).toBeUndefined();
    });

    it.each<[string, (now: number) => Promise<unknown>, unknown, unknown]>([
      ['a page', (now) => ids(tagged('chat'), { now }), ['long', 'short'], ['long']],
      ['a random pick', (now) => picked(any, now), ['long', 'short'], ['long']],
      ['the oldest', async (now) => (await view.oldest(any, now))?.sessionId, 'short', 'long'],
      ['a count', async (now) => (await view.count(['chat'], false, now)).get('chat'), 2, 1],
      ['a count of publishers', async (now) => (await view.count(['chat'], true, now)).get('chat'), 2, 1],
    ])('hides an offer from %s from its due time on, before any event says so', async (_, ask, before, after) => {
      await driver.handle('short', anOffer({ ttlMs: 100 }));
      await driver.handle('long', anOffer({ ttlMs: 200, by: 'bob' }));
      expect(await ask(t0 + 99)).toEqual(before);
      expect(await ask(t0 + 100)).toEqual(after);
    });

    it('moves an offer to its new tags and keeps its age', async () => {
      await publish('one', 'two');
      await driver.handle('one', aRetag({ tags: ['de', 'games'] }));
      expect(await ids(tagged('chat'))).toEqual(['two']);
      expect(await ids(tagged('games'))).toEqual(['one']);
      expect(await ids(tagged('de'))).toEqual(['two', 'one']);
      expect((await page(tagged('games')))[0]?.tags).toEqual(['de', 'games']);
      expect(await view.count(['chat', 'de', 'games'], false, t0)).toEqual(
        new Map([
          ['chat', 1],
          ['de', 2],
          ['games', 1],
        ]),
      );
      await driver.handle('one', aRetag({ tags: [] }));
      expect(await ids(tagged('de', 'games'))).toEqual(['two']);
      expect(await ids(any)).toEqual(['two', 'one']);
    });

    it('does not show an offer again that was retagged just before its due time', async () => {
      await publish('one');
      expect(await ids(any, { now: t0 + offerTtlMs })).toEqual([]);
      await driver.handle('one', aRetag({ tags: ['games'], now: t0 + offerTtlMs - 1 }));
      expect(await ids(any, { now: t0 + offerTtlMs })).toEqual([]);
      expect(await view.count(['games'], true, t0 + offerTtlMs)).toEqual(new Map([['games', 0]]));
      await driver.handle('one', anExpiry());
      expect(await ids(any, { now: t0 + offerTtlMs })).toEqual([]);
    });

    it('never shows the offers of the identity that is left out', async () => {
      await publish('mine1', 'mine2');
      await driver.handle('bobs', anOffer({ by: 'bob' }));
      await publish('mine3');
      await driver.handle('carols', anOffer({ by: 'carol' }));
      for (const filter of [any, tagged('chat'), tagged('chat', 'de')]) {
        const others = { ...filter, except: 'alice' };
        expect(await ids(others)).toEqual(['carols', 'bobs']);
        expect(await ids(others, { skip: 1, limit: 1 })).toEqual(['bobs']);
        expect(await picked(others)).toEqual(['bobs', 'carols']);
        expect((await view.oldest(others, t0))?.sessionId).toBe('bobs');
      }
      const none = { ...tagged('mine'), except: 'alice' };
      await driver.handle('mine4', anOffer({ tags: ['mine'] }));
      expect(await ids(none)).toEqual([]);
      expect(await view.random(none, t0)).toBeUndefined();
      expect(await view.oldest(none, t0)).toBeUndefined();
    });

    describe('of named services', () => {
      const offers = ['1.0.0', '1.2.0', '1.2.7', '1.10.1', '2.0.0', '0.3.1', '0.4.0', '2.0.0-rc.1', '2.1.0-rc.1'];
      beforeEach(async () => {
        for (const version of offers) {
          await driver.handle(version, anOffer({ tags: ['t'], service: { name: 'chat', version } }));
        }
        await driver.handle('other', anOffer({ tags: ['t'], service: { name: 'mail', version: '1.2.0' } }));
        await driver.handle('plain', anOffer({ tags: ['t'] }));
      });

      it.each([
        ['*', ['0.4.0', '0.3.1', '2.0.0', '1.10.1', '1.2.7', '1.2.0', '1.0.0']],
        ['^1.2', ['1.10.1', '1.2.7', '1.2.0']],
        ['^1.2.3', ['1.10.1', '1.2.7']],
        ['~1.2.0', ['1.2.7', '1.2.0']],
        ['1', ['1.10.1', '1.2.7', '1.2.0', '1.0.0']],
        ['1.2.0', ['1.2.0']],
        ['^0.3.0', ['0.3.1']],
        ['>=2', ['2.0.0']],
        ['2.0.0-rc.1', ['2.0.0-rc.1']],
        ['=2.0.0-rc.1', ['2.0.0-rc.1']],
        ['^2.0.0-rc.0', ['2.0.0']],
        ['3', []],
        ['not a range', []],
      ])('finds the versions in the range %s', async (range, expected) => {
        const filter = { ...any, service: { name: 'chat', range } };
        expect(await ids(filter)).toEqual(expected);
        expect(await picked(filter)).toEqual(expected.length === 0 ? [undefined] : expected.toSorted());
        expect((await view.oldest(filter, t0))?.sessionId).toBe(expected.at(-1));
      });

      it('knows no version of a name that nobody offers', async () => {
        expect(await ids({ ...any, service: { name: 'nobody', range: '*' } })).toEqual([]);
      });

      it('wants a tag and the service both, when both are asked for', async () => {
        await driver.handle('tagged', anOffer({ tags: ['u', 'v'], service: { name: 'chat', version: '1.2.0' } }));
        await driver.handle('elsewhere', anOffer({ tags: ['u'], service: { name: 'mail', version: '1.2.0' } }));
        const filter = { tags: ['u', 'v', 'w'], service: { name: 'chat', range: '^1' }, except: null };
        expect(await ids(filter)).toEqual(['tagged']);
        expect(await picked(filter)).toEqual(['tagged']);
        expect(await ids({ ...filter, except: 'alice' })).toEqual([]);
        await driver.handle('tagged', aRetag({ tags: ['t'] }));
        expect(await ids(filter)).toEqual([]);
      });

      it('sees versions come and go', async () => {
        const filter = { ...any, service: { name: 'chat', range: '^3' } };
        expect(await ids(filter)).toEqual([]);
        await driver.handle('new', anOffer({ service: { name: 'chat', version: '3.1.0' } }));
        expect(await ids(filter)).toEqual(['new']);
        await driver.handle('new', anAnswer({ now: t0 }));
        expect(await ids(filter)).toEqual([]);
        await driver.handle('again', anOffer({ service: { name: 'chat', version: '3.1.0' } }));
        expect(await ids(filter)).toEqual(['again']);
      });
    });
  });
  discoveryRandomContract(adapter, make);
  discoveryModelContract(adapter, make);
};
