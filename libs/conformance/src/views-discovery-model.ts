import { session } from '@signalbox/domain';
import type { DiscoveryRow, OfferFilter } from '@signalbox/read-models';
import { discovery as projection } from '@signalbox/read-models/projections';
import { anAnswer, anExpiry, anOffer, aRetag, aWithdrawal, sdpOffer, seededChance, t0 } from '@signalbox/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DiscoveryView, MakeDiscovery } from './views-discovery.ts';
import { drive } from './views-driver.ts';

const as = <T extends string>(name: T) => fc.constant(name);
const identity = fc.constantFrom('alice', 'bob', 'carol');
const tags = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 });
const version = fc.constantFrom('1.0.0', '1.1.0', '2.0.0');
const service = fc.option(fc.record({ name: fc.constant('chat'), version }));
const filter: fc.Arbitrary<OfferFilter> = fc.record({
  tags: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }),
  service: fc.option(fc.record({ name: fc.constant('chat'), range: fc.constantFrom('*', '^1', '1.1.0') })),
  except: fc.option(identity),
});
const limit = fc.integer({ min: 1, max: 4 });
/** Which of the open offers: counted round. */
const which = fc.nat({ max: 50 });

const publish = fc.record({ do: as('publish'), by: identity, tags, service, ttlMs: fc.integer({ min: 1, max: 60 }) });
const retag = fc.record({ do: as('retag'), which, tags });
const answer = fc.record({ do: as('answer'), which });
const withdraw = fc.record({ do: as('withdraw'), which });
const expire = fc.record({ do: as('expire') });
const wait = fc.record({ do: as('wait'), ms: fc.integer({ min: 1, max: 30 }) });
const look = fc.record({ do: as('look'), filter, limit, skip: fc.nat({ max: 3 }) });
const turnPage = fc.record({ do: as('turn page'), filter, limit });

const step = fc.oneof(
  ...[publish, publish, publish, retag, answer, withdraw, expire, wait].map((arbitrary) => ({ weight: 2, arbitrary })),
  { weight: 3, arbitrary: look },
  { weight: 2, arbitrary: turnPage },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Ranges as far as the model needs them. */
const inRange = (version: string, range: string) =>
  range === '*' || (range === '^1' ? version.startsWith('1.') : version === range);

const matches = (offer: DiscoveryRow, { tags, service, except }: OfferFilter) =>
  offer.publisher !== except &&
  (tags.length === 0 || tags.some((tag) => offer.tags.includes(tag))) &&
  (service === null || (offer.service?.name === service.name && inRange(offer.service.version, service.range)));

/** The view beside a plain array that is gone through from end to end. */
const beside = (view: DiscoveryView) => {
  const driver = drive(session, projection, view);
  let offers: readonly DiscoveryRow[] = [];
  let published = 0;
  let now = t0;
  let cursor: number | null = null;

  const open = () => offers.filter((offer) => now < offer.expiresAt).toReversed();
  const one = (which: number) => open()[which % Math.max(open().length, 1)];
  const drop = (gone: DiscoveryRow | undefined) => {
    offers = offers.filter((offer) => offer !== gone);
  };
  const change = async (offer: DiscoveryRow | undefined, command: Parameters<typeof driver.handle>[1]) => {
    if (offer) await driver.handle(offer.sessionId, command);
  };

  const lookAt = async ({ filter, limit, skip }: Extract<Step, { readonly do: 'look' }>) => {
    const expected = open().filter((offer) => matches(offer, filter));
    expect(await view.page(filter, { before: null, skip, limit, now })).toEqual(expected.slice(skip, skip + limit));
    expect(await view.oldest(filter, now)).toEqual(expected.at(-1));
    const random = await view.random(filter, now);
    if (expected.length === 0) expect(random).toBeUndefined();
    else expect(expected).toContainEqual(random);
    const bearing = (tag: string) => open().filter((offer) => offer.tags.includes(tag));
    const publishers = (tag: string) => new Set(bearing(tag).map((offer) => offer.publisher));
    const asked = ['a', 'b', 'c', 'd'];
    expect(await view.count(asked, false, now)).toEqual(new Map(asked.map((tag) => [tag, bearing(tag).length])));
    expect(await view.count(asked, true, now)).toEqual(new Map(asked.map((tag) => [tag, publishers(tag).size])));
  };

  return async (step: Step): Promise<void> => {
    switch (step.do) {
      case 'publish': {
        const { by, tags, service, ttlMs } = step;
        const sessionId = `s${published++}`;
        const [recorded] = await driver.handle(sessionId, anOffer({ by, tags, service, ttlMs, now }));
        const times = { createdAt: now, expiresAt: now + ttlMs, order: recorded?.position ?? -1 };
        offers = [...offers, { sessionId, publisher: by, tags, service, sdp: sdpOffer, ...times }];
        return;
      }
      case 'retag': {
        const offer = one(step.which);
        await change(offer, aRetag({ by: offer?.publisher ?? '', tags: step.tags, now }));
        offers = offers.map((other) => (other === offer ? { ...other, tags: step.tags } : other));
        return;
      }
      case 'answer': {
        const offer = one(step.which);
        await change(offer, anAnswer({ by: 'dave', matchedTags: null, now }));
        return drop(offer);
      }
      case 'withdraw': {
        const offer = one(step.which);
        await change(offer, aWithdrawal({ by: offer?.publisher ?? '', now }));
        return drop(offer);
      }
      case 'expire': {
        // The event comes some time after the offer has stopped being shown, whether or not anyone looked meanwhile.
        const due = offers.find((offer) => now >= offer.expiresAt);
        await change(due, anExpiry({ now }));
        return drop(due);
      }
      case 'wait':
        now += step.ms;
        return;
      case 'look':
        return lookAt(step);
      case 'turn page': {
        const older = open().filter((offer) => offer.order < (cursor ?? Number.POSITIVE_INFINITY));
        const page = await view.page(step.filter, { before: cursor, skip: 0, limit: step.limit, now });
        expect(page).toEqual(older.filter((offer) => matches(offer, step.filter)).slice(0, step.limit));
        cursor = page.at(-1)?.order ?? null;
        return;
      }
    }
  };
};

export const discoveryModelContract = (adapter: string, make: MakeDiscovery) =>
  describe(`Discovery contract, against a plain list: ${adapter}`, () => {
    it('answers as a list of offers would that is gone through from end to end', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), fc.nat(), async (steps, seed) => {
          const take = beside(await make(seededChance(seed)));
          for (const step of steps) await take(step);
        }),
        { numRuns: 150, seed: 20_261 },
      );
    });
  });
