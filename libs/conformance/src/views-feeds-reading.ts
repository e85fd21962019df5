import { session } from '@signalbox/domain';
import type { FeedItem, FeedPoint } from '@signalbox/read-models';
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

const aPoint = { epoch: expect.any(String), sequence: expect.any(Number), seen: expect.any(Array) };

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

    /** Where a reader is that has just been told that the feed holds nothing more. */
    const upToDate = async (recipient: string) => (await feeds.read(recipient, null, 1_000)).point;

    describe('by cursor', () => {
      it('finds an empty feed empty and recovered', async () => {
        const empty = { items: [], points: [], point: aPoint, recovered: true };
        const page = await feeds.read('alice', null, 10);
        expect(page).toEqual(empty);
        expect(await feeds.readSession('alice', 'one', null, 10)).toEqual(empty);
        expect(await feeds.read('alice', page.point, 10)).toEqual(empty);
        expect(await feeds.readSession('alice', 'one', page.point, 10)).toEqual(empty);
      });

      it('gives every item once over pages, and what comes later from where they ended', async () => {
        await aCall('one');
        for (let i = 0; i < 6; i++) await candidate('one', `c${i}`, answeredAt + i);
        const first = await feeds.read('alice', null, 3);
        expect(namesIn(first.items)).toEqual(['answered', 'c0', 'c1']);
        expect(first.points).toHaveLength(3);
        expect(first.point).toEqual(first.points.at(-1));
        const second = await feeds.read('alice', first.point, 3);
        expect(namesIn(second.items)).toEqual(['c2', 'c3', 'c4']);
        const third = await feeds.read('alice', second.point, 3);
        expect(namesIn(third.items)).toEqual(['c5']);
        const nothing = await feeds.read('alice', third.point, 3);
        expect([nothing.items, nothing.points]).toEqual([[], []]);
        expect(nothing.point.sequence).toBeGreaterThanOrEqual(third.point.sequence);
        await candidate('one', 'c6', answeredAt + 6);
        const later = await feeds.read('alice', nothing.point, 3);
        expect(namesIn(later.items)).toEqual(['c6']);
        expect([first, second, third, nothing, later].map((page) => page.recovered)).toEqual(Array(5).fill(true));
      });

      it('gives the rest from any item on', async () => {
        await aCall('one');
        for (let i = 0; i < 6; i++) await candidate('one', `c${i}`, answeredAt + i);
        const { items, points } = await feeds.read('alice', null, 100);
        expect([items.length, points.length]).toEqual([7, 7]);
        for (const [i, point] of points.entries()) {
          const rest = await feeds.read('alice', point, 100);
          expect([rest.items, rest.points]).toEqual([items.slice(i + 1), points.slice(i + 1)]);
          expect((await feeds.read('alice', point, 1)).items).toEqual(items.slice(i + 1, i + 2));
        }
      });

      it('gives everything to a reader with a point of another numbering, and says that it may have missed something', async () => {
        await aCall('one');
        const stranger: FeedPoint = { epoch: 'another-log', sequence: 1, seen: [] };
        const whole = await feeds.read('alice', null, 10);
        expect(whole.items).toHaveLength(1);
        expect(await feeds.read('alice', stranger, 10)).toEqual({ ...whole, recovered: false });
        expect(await feeds.readSession('alice', 'one', stranger, 10)).toEqual({ ...whole, recovered: false });
        const ahead = await feeds.read('alice', { ...stranger, sequence: Number.MAX_SAFE_INTEGER }, 10);
        expect(ahead).toEqual({ ...whole, recovered: false });
        expect(await feeds.read('alice', ahead.point, 10)).toMatchObject({ items: [], recovered: true });
        expect(await feeds.read('carol', stranger, 10)).toMatchObject({ items: [], points: [], recovered: false });
      });

      it('loses nothing for a reader whose feed was empty', async () => {
        await driver.handle('one', anOffer());
        const point = await upToDate('alice');
        await driver.handle('one', anAnswer());
        expect(namesIn((await feeds.read('alice', point, 10)).items)).toEqual(['answered']);
        expect(namesIn((await feeds.readSession('alice', 'one', point, 10)).items)).toEqual(['answered']);
      });

      it('gives the items of one session by the same cursor', async () => {
        await aCall('one');
        await aCall('two');
        for (const [i, id] of ['one', 'two', 'one', 'two'].entries()) await candidate(id, `c${i}`, answeredAt + i);
        const { items, points } = await feeds.read('alice', null, 100);
        const ones = items.filter((item) => item.sessionId === 'one');
        const page = await feeds.readSession('alice', 'one', null, 2);
        expect(page).toEqual({
          items: ones.slice(0, 2),
          points: [aPoint, aPoint],
          point: page.points[1],
          recovered: true,
        });
        expect((await feeds.readSession('alice', 'one', page.points[0] ?? null, 2)).items).toEqual(ones.slice(1));
        const rest = await feeds.readSession('alice', 'one', page.point, 2);
        expect([rest.items, rest.points]).toEqual([ones.slice(2), [aPoint]]);
        await candidate('one', 'later', answeredAt + 9);
        expect(namesIn((await feeds.readSession('alice', 'one', rest.point, 2)).items)).toEqual(['later']);
        for (const [i, point] of points.entries()) {
          const beyond = items.slice(i + 1).filter((item) => item.sessionId === 'one');
          expect((await feeds.readSession('alice', 'one', point, 100)).items.slice(0, -1)).toEqual(beyond);
        }
        expect((await feeds.readSession('bob', 'one', null, 2)).items).toEqual([]);
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
        const items = (await feeds.read('alice', null, 100)).items.filter((item) => item.sessionId === 'two');
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
        const point = await upToDate('alice');
        await aCall('one');
        await expect(feeds.changed('alice', point, never())).resolves.toBeUndefined();
      });

      it('ends at once for a point of another numbering when there is anything', async () => {
        await aCall('one');
        const stranger: FeedPoint = { epoch: 'another-log', sequence: Number.MAX_SAFE_INTEGER, seen: [] };
        await expect(feeds.changed('alice', stranger, never())).resolves.toBeUndefined();
      });

      it('ends when something comes, for everyone who waits for that feed', async () => {
        await aCall('one');
        const point = await upToDate('alice');
        const waiting = [1, 2, 3].map(() => feeds.changed('alice', point, never()));
        const other = new AbortController();
        let otherEnded = false;
        const carols = await upToDate('carol');
        const others = feeds.changed('carol', carols, other.signal).then(() => {
          otherEnded = true;
        });
        await candidate('one', 'x', answeredAt + 1);
        await Promise.all(waiting);
        expect(namesIn((await feeds.read('alice', point, 10)).items)).toEqual(['x']);
        await settle();
        expect(otherEnded).toBe(false);
        other.abort();
        await others;
      });

      it('ends when it is aborted, and does not begin when it has been', async () => {
        const controller = new AbortController();
        const point = await upToDate('alice');
        const waiting = feeds.changed('alice', point, controller.signal);
        controller.abort();
        await expect(waiting).resolves.toBeUndefined();
        await expect(feeds.changed('alice', point, controller.signal)).resolves.toBeUndefined();
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
        const { items } = await feeds.read('alice', null, 100);
        expect(items.map((item) => item.sessionId)).toEqual(['two', 'live', 'two', 'two']);
        expect(await feeds.since('alice', 0)).toEqual(items);
        expect((await feeds.readSession('alice', 'one', null, 100)).items).toEqual([]);
        expect(await feeds.sessionSince('alice', 'one', 0)).toEqual([]);
        expect(await feeds.sessionSince('alice', 'two', 0)).toHaveLength(3);
      });

      it('says when items between the cursor and the next may have been forgotten', async () => {
        await aCall('one');
        await aCall('two');
        await candidate('one', 'x', answeredAt + 5);
        const { items: before, points } = await feeds.read('alice', null, 100);
        const answer2 = before[1];
        await driver.handle('one', aWithdrawal({ now: answeredAt + 10 }));
        await feeds.forget(t0 + offerTtlMs);
        const recovered = async (point: FeedPoint | undefined) =>
          (await feeds.read('alice', point ?? null, 100)).recovered;
        expect(points).toHaveLength(3);
        expect(await recovered(points[0])).toBe(false);
        expect(await recovered(points[1])).toBe(false);
        expect(await recovered(points[2])).toBe(true);
        expect((await feeds.readSession('alice', 'two', points[1] ?? null, 9)).recovered).toBe(false);
        expect((await feeds.read('alice', points[0] ?? null, 100)).items).toEqual([answer2]);
        // Nothing was promised to a reader without a cursor.
        const page = { items: [answer2], points: [aPoint], point: aPoint, recovered: true };
        expect(await feeds.read('alice', null, 100)).toEqual(page);
      });

      it('says so too where nothing is left, and not to a reader that has been up to date', async () => {
        const empty = await upToDate('alice');
        await aCall('one');
        const [answer = null] = (await feeds.read('alice', null, 1)).points;
        await end('one', due);
        const point = await upToDate('alice');
        expect(await feeds.forget(due + 1)).toBe(1);
        const page = { items: [], points: [], point: aPoint, recovered: false };
        expect(await feeds.read('alice', answer, 10)).toEqual(page);
        expect(await feeds.read('alice', empty, 10)).toEqual(page);
        expect((await feeds.read('alice', point, 10)).recovered).toBe(true);
        await aCall('new', due + 1_000);
        const renewed = await feeds.read('alice', answer, 10);
        expect({ names: namesIn(renewed.items), recovered: renewed.recovered }).toEqual({
          names: ['answered'],
          recovered: false,
        });
        const next = await feeds.read('alice', point, 10);
        expect({ names: namesIn(next.items), recovered: next.recovered }).toEqual({
          names: ['answered'],
          recovered: true,
        });
      });

      it('tells a reader once that it may have missed something: from the page on it has missed nothing', async () => {
        await aCall('one');
        const [answer = null] = (await feeds.read('alice', null, 1)).points;
        await end('one', due);
        await feeds.forget(due + 1);
        const told = await feeds.read('alice', answer, 10);
        expect(told.recovered).toBe(false);
        expect((await feeds.read('alice', told.point, 10)).recovered).toBe(true);
        await aCall('new', due + 1_000);
        expect(await feeds.read('alice', told.point, 10)).toMatchObject({
          items: [{ sessionId: 'new' }],
          recovered: true,
        });
      });

      it('keeps times growing over a feed that was forgotten whole', async () => {
        await aCall('one');
        const candidates = Array.from({ length: 50 }, (_, i) => i);
        await driver.handle('one', someCandidates({ candidates }));
        await driver.handle('one', aWithdrawal({ now: answeredAt }));
        const last = (await feeds.read('alice', null, 10)).items.at(-1);
        expect(last?.at).toBe(answeredAt + 1);
        await feeds.forget(Number.MAX_SAFE_INTEGER);
        expect(await feeds.since('alice', 0)).toEqual([]);
        await aCall('two', answeredAt + 3);
        expect(await feeds.since('alice', answeredAt + 50)).toEqual((await feeds.read('alice', null, 10)).items);
        expect(namesIn(await feeds.since('alice', answeredAt + 50))).toEqual(['answered']);
      });

      it('gives nothing again of what was forgotten when its events come again', async () => {
        await aCall('one');
        await driver.handle('one', aWithdrawal());
        await feeds.forget(Number.MAX_SAFE_INTEGER);
        await driver.show(driver.history);
        expect((await feeds.read('alice', null, 10)).items).toEqual([]);
        expect((await feeds.read('bob', null, 10)).items).toEqual([]);
        expect(await feeds.forget(Number.MAX_SAFE_INTEGER)).toBe(0);
      });
    });
  });
