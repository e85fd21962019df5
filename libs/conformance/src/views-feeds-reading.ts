import { session } from '@signalbox/domain';
import type { FeedItem } from '@signalbox/read-models';
import { feeds as projection } from '@signalbox/read-models/projections';
import {
  anAnswer,
  anExpiry,
  anOffer,
  answeredAt,
  answeredTtlMs,
  aWithdrawal,
  offerTtlMs,
  settle,
  someCandidates,
  t0,
} from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { drive } from './views-driver.ts';
import type { MadeFeeds, MakeFeeds } from './views-feeds.ts';

const never = () => new AbortController().signal;

export const feedsReadingContract = (adapter: string, make: MakeFeeds) =>
  describe(`Feeds contract, reading: ${adapter}`, () => {
    let feeds: MadeFeeds['feeds'];
    let driver: ReturnType<typeof driving>;
    const driving = (made: MadeFeeds) => drive(session, projection, made.view);
    beforeEach(async () => {
      const made = await make();
      feeds = made.feeds;
      driver = driving(made);
    });

    /** A session that bob has answered: one item for alice. */
    const aCall = async (id: string, at = answeredAt) => {
      await driver.handle(id, anOffer({ now: at - 1_000 }));
      await driver.handle(id, anAnswer({ now: at }));
    };
    const candidate = (id: string, name: string, at: number) =>
      driver.handle(id, someCandidates({ batchId: name, candidates: [name] }), at);
    const namesIn = (items: readonly FeedItem[]) =>
      items.flatMap(({ delivered }) => (delivered.type === 'candidates' ? delivered.candidates : [delivered.type]));

    describe('by cursor', () => {
      it('finds an empty feed empty and recovered', async () => {
        const page = await feeds.read('alice', 0, 10);
        expect(page).toEqual({ items: [], recovered: true, sequence: expect.any(Number) });
        expect(await feeds.readSession('alice', 'one', 0, 10)).toEqual(page);
      });

      it('gives every item once over pages, and what comes later from where they ended', async () => {
        await aCall('one');
        for (let i = 0; i < 6; i++) await candidate('one', `c${i}`, answeredAt + i);
        const first = await feeds.read('alice', 0, 3);
        expect(namesIn(first.items)).toEqual(['answered', 'c0', 'c1']);
        expect(first.sequence).toBe(first.items.at(-1)?.sequence);
        const second = await feeds.read('alice', first.sequence, 3);
        expect(namesIn(second.items)).toEqual(['c2', 'c3', 'c4']);
        const third = await feeds.read('alice', second.sequence, 3);
        expect(namesIn(third.items)).toEqual(['c5']);
        const nothing = await feeds.read('alice', third.sequence, 3);
        expect(nothing.items).toEqual([]);
        expect(nothing.sequence).toBeGreaterThanOrEqual(third.sequence);
        await candidate('one', 'c6', answeredAt + 6);
        const later = await feeds.read('alice', nothing.sequence, 3);
        expect(namesIn(later.items)).toEqual(['c6']);
        expect([first, second, third, nothing, later].map((page) => page.recovered)).toEqual(Array(5).fill(true));
      });

      it('gives the rest from any item on', async () => {
        await aCall('one');
        for (let i = 0; i < 6; i++) await candidate('one', `c${i}`, answeredAt + i);
        const { items } = await feeds.read('alice', 0, 100);
        for (const [i, item] of items.entries()) {
          expect((await feeds.read('alice', item.sequence, 100)).items).toEqual(items.slice(i + 1));
          expect((await feeds.read('alice', item.sequence - 1, 1)).items).toEqual([item]);
        }
      });

      it('loses nothing for a reader whose feed was empty', async () => {
        await driver.handle('one', anOffer());
        const { sequence } = await feeds.read('alice', 0, 10);
        await driver.handle('one', anAnswer());
        expect(namesIn((await feeds.read('alice', sequence, 10)).items)).toEqual(['answered']);
      });

      it('gives the items of one session by the same cursor', async () => {
        await aCall('one');
        await aCall('two');
        for (const [i, id] of ['one', 'two', 'one', 'two'].entries()) await candidate(id, `c${i}`, answeredAt + i);
        const { items } = await feeds.read('alice', 0, 100);
        const ones = items.filter((item) => item.sessionId === 'one');
        const page = await feeds.readSession('alice', 'one', 0, 2);
        expect(page).toEqual({ items: ones.slice(0, 2), recovered: true, sequence: ones[1]?.sequence });
        const rest = await feeds.readSession('alice', 'one', page.sequence, 2);
        expect(rest.items).toEqual(ones.slice(2));
        await candidate('one', 'later', answeredAt + 9);
        expect(namesIn((await feeds.readSession('alice', 'one', rest.sequence, 2)).items)).toEqual(['later']);
        expect((await feeds.readSession('bob', 'one', 0, 2)).items).toEqual([]);
      });
    });

    describe('by time', () => {
      it('gives every item that holds a time beyond', async () => {
        await aCall('one');
        await driver.handle('one', someCandidates({ batchId: 'abc', candidates: ['a', 'b', 'c'] }), answeredAt + 10);
        await candidate('one', 'd', answeredAt + 20);
        const names = async (since: number) => namesIn(await feeds.since('alice', answeredAt + since));
        expect(await names(-1)).toEqual(['answered', 'a', 'b', 'c', 'd']);
        expect(await names(0)).toEqual(['a', 'b', 'c', 'd']);
        expect(await names(9)).toEqual(['a', 'b', 'c', 'd']);
        expect(await names(11)).toEqual(['a', 'b', 'c', 'd']);
        expect(await names(12)).toEqual(['d']);
        expect(await names(20)).toEqual([]);
        expect(await feeds.since('carol', 0)).toEqual([]);
      });

      it('gives the same for one session only', async () => {
        await aCall('one');
        await aCall('two');
        await candidate('two', 'x', answeredAt + 10);
        await candidate('one', 'y', answeredAt + 20);
        const items = (await feeds.read('alice', 0, 100)).items.filter((item) => item.sessionId === 'two');
        expect(items).toHaveLength(2);
        expect(await feeds.sessionSince('alice', 'two', 0)).toEqual(items);
        expect(await feeds.sessionSince('alice', 'two', answeredAt + 5)).toEqual(items.slice(1));
        expect(await feeds.sessionSince('alice', 'two', answeredAt + 10)).toEqual([]);
        expect(await feeds.sessionSince('bob', 'two', 0)).toEqual([]);
      });

      it('loses and repeats nothing for a client that remembers only the largest time it has seen', async () => {
        await aCall('one');
        await aCall('two');
        const seen: string[] = [];
        const sent: string[] = [];
        let largest = 0;
        for (let round = 0; round < 40; round++) {
          for (const id of ['one', 'two', 'one']) {
            const name = `${round} ${sent.length}`;
            const candidates = round % 3 === 0 ? [name, `${name}+`] : [name];
            await driver.handle(id, someCandidates({ batchId: name, maxPerRole: 500, candidates }), answeredAt + round);
            sent.push(...candidates);
          }
          for (const { at, delivered } of await feeds.since('alice', largest)) {
            if (delivered.type !== 'candidates') continue;
            for (const [i, name] of delivered.candidates.entries()) {
              if (at + i <= largest) continue;
              seen.push(String(name));
              largest = at + i;
            }
          }
        }
        expect(seen).toEqual(sent);
      });
    });

    describe('waiting for a change', () => {
      it('ends at once when there is something beyond the cursor', async () => {
        await aCall('one');
        await expect(feeds.changed('alice', 0, never())).resolves.toBeUndefined();
      });

      it('ends when something comes, for everyone who waits for that feed', async () => {
        await aCall('one');
        const { sequence } = await feeds.read('alice', 0, 10);
        const waiting = [1, 2, 3].map(() => feeds.changed('alice', sequence, never()));
        const other = new AbortController();
        let otherEnded = false;
        const others = feeds.changed('carol', 0, other.signal).then(() => {
          otherEnded = true;
        });
        await candidate('one', 'x', answeredAt + 1);
        await Promise.all(waiting);
        expect(namesIn((await feeds.read('alice', sequence, 10)).items)).toEqual(['x']);
        await settle();
        expect(otherEnded).toBe(false);
        other.abort();
        await others;
      });

      it('ends when it is aborted, and does not begin when it has been', async () => {
        const controller = new AbortController();
        const waiting = feeds.changed('alice', 0, controller.signal);
        controller.abort();
        await expect(waiting).resolves.toBeUndefined();
        await expect(feeds.changed('alice', 0, controller.signal)).resolves.toBeUndefined();
      });
    });

    describe('forgetting', () => {
      const end = (id: string, at: number) => driver.handle(id, anExpiry({ now: at }));
      const due = answeredAt + answeredTtlMs;

      it('forgets the items of sessions that ended before, and keeps the others', async () => {
        await aCall('one');
        await aCall('two');
        await aCall('live', due);
        await candidate('two', 'x', answeredAt + 5);
        await end('one', due);
        await end('two', due + 10);
        expect(await feeds.forget(due)).toBe(0);
        expect(await feeds.forget(due + 1)).toBe(1);
        expect(await feeds.forget(due + 1)).toBe(0);
        const { items } = await feeds.read('alice', 0, 100);
        expect(items.map((item) => item.sessionId)).toEqual(['two', 'live', 'two', 'two']);
        expect(await feeds.since('alice', 0)).toEqual(items);
        expect((await feeds.readSession('alice', 'one', 0, 100)).items).toEqual([]);
        expect(await feeds.sessionSince('alice', 'one', 0)).toEqual([]);
        expect(await feeds.sessionSince('alice', 'two', 0)).toHaveLength(3);
      });

      it('says when items between the cursor and the next may have been forgotten', async () => {
        await aCall('one');
        await aCall('two');
        await candidate('one', 'x', answeredAt + 5);
        const before = (await feeds.read('alice', 0, 100)).items;
        const [answer1, answer2, x] = before;
        await driver.handle('one', aWithdrawal({ now: answeredAt + 10 }));
        await feeds.forget(t0 + offerTtlMs);
        const recovered = async (after: number) => (await feeds.read('alice', after, 100)).recovered;
        expect(await recovered(answer1?.sequence ?? 0)).toBe(false);
        expect(await recovered(answer2?.sequence ?? 0)).toBe(false);
        expect(await recovered((x?.sequence ?? 0) - 1)).toBe(false);
        expect(await recovered(x?.sequence ?? 0)).toBe(true);
        expect((await feeds.readSession('alice', 'two', answer2?.sequence ?? 0, 9)).recovered).toBe(false);
        expect((await feeds.read('alice', answer1?.sequence ?? 0, 100)).items).toEqual([answer2]);
        // Nothing was promised to a reader without a cursor.
        expect(await feeds.read('alice', 0, 100)).toEqual({
          items: [answer2],
          recovered: true,
          sequence: expect.any(Number),
        });
      });

      it('says so too where nothing is left, and not to a reader that has been up to date', async () => {
        await aCall('one');
        const [answer] = (await feeds.read('alice', 0, 1)).items;
        await end('one', due);
        const upToDate = await feeds.read('alice', 0, 100);
        expect(await feeds.forget(due + 1)).toBe(1);
        expect(await feeds.read('alice', answer?.sequence ?? 0, 10)).toEqual({
          items: [],
          recovered: false,
          sequence: expect.any(Number),
        });
        expect((await feeds.read('alice', upToDate.sequence, 10)).recovered).toBe(true);
        await aCall('new', due + 1_000);
        const renewed = await feeds.read('alice', answer?.sequence ?? 0, 10);
        expect({ names: namesIn(renewed.items), recovered: renewed.recovered }).toEqual({
          names: ['answered'],
          recovered: false,
        });
        expect((await feeds.read('alice', upToDate.sequence, 10)).recovered).toBe(true);
      });

      it('keeps times growing over a feed that was forgotten whole', async () => {
        await aCall('one');
        const candidates = Array.from({ length: 50 }, (_, i) => i);
        await driver.handle('one', someCandidates({ candidates }));
        await driver.handle('one', aWithdrawal({ now: answeredAt }));
        const last = (await feeds.read('alice', 0, 10)).items.at(-1);
        expect(last?.at).toBe(answeredAt + 1);
        await feeds.forget(Number.MAX_SAFE_INTEGER);
        expect(await feeds.since('alice', 0)).toEqual([]);
        await aCall('two', answeredAt + 3);
        expect(await feeds.since('alice', answeredAt + 50)).toEqual((await feeds.read('alice', 0, 10)).items);
        expect(namesIn(await feeds.since('alice', answeredAt + 50))).toEqual(['answered']);
      });

      it('gives nothing again of what was forgotten when its events come again', async () => {
        await aCall('one');
        await driver.handle('one', aWithdrawal());
        await feeds.forget(Number.MAX_SAFE_INTEGER);
        await driver.show(driver.history);
        expect((await feeds.read('alice', 0, 10)).items).toEqual([]);
        expect((await feeds.read('bob', 0, 10)).items).toEqual([]);
        expect(await feeds.forget(Number.MAX_SAFE_INTEGER)).toBe(0);
      });
    });
  });
