import { session } from '@signalbox/domain';
import { streamName, type View } from '@signalbox/event-sourcing';
import type { FeedItem, FeedOut, FeedSessionRow, Feeds, Forgets } from '@signalbox/read-models';
import { feeds as projection } from '@signalbox/read-models/projections';
import {
  aCandidate,
  anAnswer,
  anExpiry,
  anOffer,
  answeredAt,
  answeredTtlMs,
  aWithdrawal,
  offerTtlMs,
  sdpAnswer,
  someCandidates,
  t0,
} from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { drive } from './views-driver.ts';
import { feedsReadingContract } from './views-feeds-reading.ts';
import { feedsRedactedContract } from './views-feeds-redacted.ts';

export type MadeFeeds = { readonly view: View<FeedSessionRow, FeedOut>; readonly feeds: Feeds & Forgets };
export type MakeFeeds = () => Promise<MadeFeeds>;

/** `make` gives an empty view of the same log each time. */
export const feedsContract = (adapter: string, make: MakeFeeds) => {
  describe(`Feeds contract, who is told what: ${adapter}`, () => {
    let made: MadeFeeds;
    let driver: ReturnType<typeof driving>;
    const driving = () => drive(session, projection, made.view);
    beforeEach(async () => {
      made = await make();
      driver = driving();
    });

    const itemsOf = async (recipient: string, feeds: Feeds = made.feeds) =>
      (await feeds.read(recipient, null, 1_000)).items;
    const told = async (recipient: string) => (await itemsOf(recipient)).map((item) => item.delivered);
    /** Every time that an item bears: one for each candidate. */
    const timesOf = ({ at, delivered }: FeedItem) =>
      delivered.type === 'candidates' ? delivered.candidates.map((_, i) => at + i) : [at];
    const expectGrowing = (numbers: readonly number[]) => {
      for (const [i, number] of numbers.entries()) if (i > 0) expect(number).toBeGreaterThan(numbers[i - 1] ?? 0);
    };
    const answered = { type: 'answered', answerer: 'bob', sdp: sdpAnswer, matchedTags: ['chat'] } as const;

    it('tells nobody anything of an offer that is only open', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('one', someCandidates({ by: 'alice' }));
      expect(await itemsOf('alice')).toEqual([]);
      expect(await itemsOf('bob')).toEqual([]);
    });

    it('tells each party of a call what the other did, whole and in order', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('one', anAnswer());
      await driver.handle(
        'one',
        someCandidates({ by: 'alice', batchId: 'x', candidates: [aCandidate(1)] }),
        t0 + 5_000,
      );
      await driver.handle('one', someCandidates({ candidates: [aCandidate(2), null] }), t0 + 6_000);
      await driver.handle('one', anExpiry({ now: answeredAt + answeredTtlMs }));

      const alices = await itemsOf('alice');
      const item = (at: number, delivered: unknown) => ({
        sequence: expect.any(Number),
        at,
        sessionId: 'one',
        delivered,
      });
      const expired = { type: 'expired', was: 'answered' };
      expect(alices).toEqual([
        item(answeredAt, answered),
        item(t0 + 6_000, {
          type: 'candidates',
          from: 'bob',
          role: 'answerer',
          candidates: [aCandidate(2), null],
          firstIndex: 0,
        }),
        item(answeredAt + answeredTtlMs, expired),
      ]);
      const bobs = await itemsOf('bob');
      expect(bobs).toEqual([
        item(t0 + 5_000, {
          type: 'candidates',
          from: 'alice',
          role: 'offerer',
          candidates: [aCandidate(1)],
          firstIndex: 0,
        }),
        item(answeredAt + answeredTtlMs, expired),
      ]);
      expectGrowing(alices.map((one) => one.sequence));
      expectGrowing(bobs.map((one) => one.sequence));
      expect(await itemsOf('carol')).toEqual([]);
    });

    it('gives the answerer what the offerer had sent before the answer', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('one', someCandidates({ by: 'alice', batchId: 'x', candidates: [1] }));
      await driver.handle('one', someCandidates({ by: 'alice', batchId: 'y', candidates: [2, 3] }));
      await driver.handle('one', anAnswer());
      expect(await told('bob')).toEqual([
        { type: 'candidates', from: 'alice', role: 'offerer', candidates: [1, 2, 3], firstIndex: 0 },
      ]);
      expect(await told('alice')).toEqual([answered]);
    });

    it('shows held candidates to nobody, and those of the winner once it has won', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('one', someCandidates({ by: 'bob', batchId: 'b', candidates: ['bob 1', 'bob 2'] }));
      await driver.handle('one', someCandidates({ by: 'mallory', batchId: 'm', candidates: ['mallory'] }));
      for (const identity of ['alice', 'bob', 'mallory']) expect(await told(identity)).toEqual([]);
      await driver.handle('one', anAnswer());
      const held = { type: 'candidates', from: 'bob', role: 'answerer', candidates: ['bob 1', 'bob 2'], firstIndex: 0 };
      expect(await told('alice')).toEqual([answered, held]);
      expect(await told('bob')).toEqual([]);
      expect(await told('mallory')).toEqual([]);
      await driver.handle('one', anExpiry({ now: answeredAt + answeredTtlMs }));
      expect(await told('mallory')).toEqual([]);
    });

    it('tells the answerer of a withdrawal, the offerer of an offer that nobody took', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('two', anOffer());
      await driver.handle('one', anAnswer());
      await driver.handle('one', aWithdrawal({ reason: 'replaced' }));
      await driver.handle('two', anExpiry({ now: t0 + offerTtlMs }));
      expect(await told('bob')).toEqual([{ type: 'withdrawn', reason: 'replaced' }]);
      expect(await told('alice')).toEqual([answered, { type: 'expired', was: 'open' }]);
    });

    it('tells whoever answers their own offer of the answer and the end once, and not of their own candidates', async () => {
      await driver.handle('one', anOffer({ by: 'bob' }));
      await driver.handle('one', someCandidates({ batchId: 'x' }));
      await driver.handle('one', anAnswer());
      await driver.handle('one', someCandidates({ batchId: 'y' }));
      await driver.handle('one', anExpiry({ now: answeredAt + answeredTtlMs }));
      expect(await told('bob')).toEqual([answered, { type: 'expired', was: 'answered' }]);
    });

    it('numbers and times grow strictly for each recipient, however much comes in one millisecond', async () => {
      const now = answeredAt;
      for (let s = 0; s < 12; s++) {
        await driver.handle(`s${s}`, anOffer());
        await driver.handle(`s${s}`, anAnswer({ now }));
      }
      for (let round = 0; round < 10; round++) {
        for (let s = 0; s < 12; s++) {
          const candidates = Array.from({ length: 1 + ((s * round) % 4) }, (_, i) => `${s} ${round} ${i}`);
          const batch = { batchId: `${round}`, candidates, now };
          await driver.handle(`s${s}`, someCandidates({ ...batch, by: 'bob' }));
          await driver.handle(`s${s}`, someCandidates({ ...batch, by: 'alice' }));
        }
      }
      for (const [recipient, count] of [['alice', 132] as const, ['bob', 120] as const]) {
        const items = await itemsOf(recipient);
        expect(items).toHaveLength(count);
        expect(items[0]?.at).toBe(now);
        expectGrowing(items.map((item) => item.sequence));
        expectGrowing(items.flatMap(timesOf));
      }
    });

    it('bears the time of recording again as soon as that has caught up', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('one', anAnswer());
      const send = (count: number, at: number) =>
        driver.handle(
          'one',
          someCandidates({ batchId: `${at}`, candidates: Array.from({ length: count }, () => 0) }),
          at,
        );
      await send(20, answeredAt);
      await send(5, answeredAt + 7);
      await send(1, answeredAt + 26);
      await send(1, answeredAt + 100);
      const times = (await itemsOf('alice')).map((item) => item.at - answeredAt);
      expect(times).toEqual([0, 1, 21, 26, 100]);
    });

    it('adds nothing when the same events come again', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('one', anAnswer());
      await driver.handle('one', someCandidates());
      await driver.handle('one', aWithdrawal());
      const before = { alice: await itemsOf('alice'), bob: await itemsOf('bob') };
      await driver.show(driver.history);
      await driver.show(driver.history.slice(-1));
      expect({ alice: await itemsOf('alice'), bob: await itemsOf('bob') }).toEqual(before);
      expect(before.alice).toHaveLength(2);
      expect(before.bob).toHaveLength(1);
    });

    it('gives out nothing of a change that was made from an older row, and all of it once it is made again', async () => {
      await driver.handle('one', anOffer());
      const out = [
        {
          ...{ recipient: 'alice', sessionId: 'one', recordedAt: answeredAt, position: 9, index: 0 },
          delivered: answered,
        },
      ];
      const row = { publisher: 'alice', answerer: 'bob', waiting: [] };
      const change = {
        ...{ stream: streamName('session', 'one'), after: -1, revision: 1, position: 9, recordedAt: t0 },
        row,
        out,
      };
      expect(await made.view.write([change], 9)).toEqual([change.stream]);
      expect(await itemsOf('alice')).toEqual([]);
      expect(await made.view.write([{ ...change, after: 0 }], 9)).toEqual([]);
      expect(await told('alice')).toEqual([answered]);
    });

    it('has the same items, numbers and times when it is built again from the same events, in batches of any size', async () => {
      for (let s = 0; s < 5; s++) await driver.handle(`s${s}`, anOffer());
      for (let s = 0; s < 5; s++) await driver.handle(`s${s}`, someCandidates({ by: 'alice' }));
      for (let s = 0; s < 5; s++) await driver.handle(`s${s}`, someCandidates({ batchId: 'held' }));
      for (let s = 0; s < 5; s++) await driver.handle(`s${s}`, anAnswer());
      for (let s = 0; s < 5; s++) await driver.handle(`s${s}`, someCandidates());
      await driver.handle('s0', aWithdrawal());
      const expected = { alice: await itemsOf('alice'), bob: await itemsOf('bob') };
      expect(expected.alice).toHaveLength(15);
      expect(expected.bob).toHaveLength(6);
      for (const size of [1, 4, 1_000]) {
        const again = await make();
        const { show } = drive(session, projection, again.view);
        for (let i = 0; i < driver.history.length; i += size) await show(driver.history.slice(i, i + size));
        expect({ alice: await itemsOf('alice', again.feeds), bob: await itemsOf('bob', again.feeds) }).toEqual(
          expected,
        );
      }
    });
  });
  feedsReadingContract(adapter, make);
  feedsRedactedContract(adapter, make);
};
