import { type SessionEvent, session } from '@signalbox/domain';
import { type Decoded, laneOf, type StreamName, type Versioned, type View } from '@signalbox/event-sourcing';
import type { FeedItem, FeedOut, FeedPoint, FeedSessionRow, Feeds, FeedTold } from '@signalbox/read-models';
import { feeds as projection } from '@signalbox/read-models/projections';
import {
  anAnswer,
  anExpiry,
  anOffer,
  answeredAt,
  answeredTtlMs,
  aWithdrawal,
  seededChance,
  someCandidates,
} from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { drive } from './views-driver.ts';
import type { MadeFeeds } from './views-feeds.ts';

/** Two empty feeds of the log with this id, each with an epoch of its own. */
export type FeedsPair = { readonly one: MadeFeeds; readonly other: MadeFeeds; readonly logId: string };

const SESSIONS = 24;
const RECIPIENTS = ['alice', 'bob'] as const;
const due = answeredAt + answeredTtlMs;

type Told = Pick<FeedItem, 'sessionId' | 'delivered'>;
/** Tells the items here apart, however they are numbered. */
const keyOf = ({ sessionId, delivered }: Told) => `${sessionId} ${JSON.stringify(delivered)}`;
const keysOf = (items: readonly Told[]) => items.map(keyOf);

/** A double: a view that holds whatever was put out, in the order of the log. */
const outputs = () => {
  const rows = new Map<StreamName, Versioned<FeedSessionRow>>();
  const out: FeedTold[] = [];
  const view: View<FeedSessionRow, FeedOut> = {
    read: async () => rows,
    write: async (changes) => {
      for (const change of changes) {
        rows.set(change.stream, change);
        out.push(...change.out.filter((one) => 'delivered' in one));
      }
      return [];
    },
    checkpoint: async () => 0,
  };
  return { view, out };
};

/** The log: calls between alice and bob, half of them offered by each, all at the same time; some of them end. */
const aLog = () => {
  const { view, out } = outputs();
  const { handle, history } = drive(session, projection, view);
  const ids = Array.from({ length: SESSIONS }, (_, i) => `call-${i}`);
  const parties = ids.map((_, i): [string, string] => (i % 2 === 0 ? ['alice', 'bob'] : ['bob', 'alice']));
  /** Each party sends one. */
  const candidates = async (round: string, isTaken = (_: number) => true) => {
    for (const by of RECIPIENTS) {
      for (const i of ids.keys()) {
        const at = (i * 7) % SESSIONS;
        const batch = { by, batchId: `${round} ${by}`, candidates: [`${round} of ${by}`] };
        if (isTaken(at)) await handle(`call-${at}`, someCandidates(batch));
      }
    }
  };
  return {
    history,
    /** What each recipient is told, in the order of the log. */
    toldTo: (recipient: string) => out.filter((one) => one.recipient === recipient),
    begin: async () => {
      for (const [i, id] of ids.entries()) await handle(id, anOffer({ by: parties[i]?.[0] ?? '' }));
      await candidates('early');
      for (const [i, id] of ids.entries()) await handle(id, anAnswer({ by: parties[i]?.[1] ?? '' }));
      for (const round of ['first', 'second', 'third']) await candidates(round);
      for (const [i, id] of ids.entries()) {
        if (i % 4 === 0) await handle(id, aWithdrawal({ by: parties[i]?.[0] ?? '' }));
        if (i % 4 === 1) await handle(id, anExpiry({ now: due }));
      }
    },
    /** What comes later, of the calls that have not ended: as many items for each. */
    goOn: () => candidates('later', (at) => at % 4 > 1),
  };
};

/** Shows events as they come over several partitions: the order of each lane is kept, and no other. */
const showMixed = async (
  { view }: MadeFeeds,
  events: readonly Decoded<SessionEvent>[],
  mix: { readonly partitions: number; readonly seed: number },
) => {
  const chance = seededChance(mix.seed);
  const below = (count: number) => Math.floor(chance.fraction() * count);
  const { show } = drive(session, projection, view);
  let queues = Array.from({ length: mix.partitions }, (_, partition) =>
    events.filter(({ stream }) => laneOf(stream) % mix.partitions === partition),
  );
  for (queues = queues.filter(({ length }) => length > 0); queues.length > 0; ) {
    const chosen = below(queues.length);
    const size = 1 + below(6);
    await show(queues[chosen]?.slice(0, size) ?? []);
    queues = queues.map((queue, i) => (i === chosen ? queue.slice(size) : queue)).filter(({ length }) => length > 0);
  }
};

/** More pages than any reader needs who is given nothing twice. */
const MAX_PAGES = 400;

/** Everything from a point on, page by page. */
const restOf = async (feeds: Feeds, recipient: string, start: FeedPoint | null, limit = 7) => {
  const items: FeedItem[] = [];
  let point = start;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await feeds.read(recipient, point, limit);
    expect(page.recovered).toBe(true);
    if (page.items.length === 0) return { items, point: page.point };
    items.push(...page.items);
    point = page.point;
  }
  throw new Error(`${MAX_PAGES} pages do not lead to the end.`);
};

/**
 * For feeds whose numbering may be replaced: they are built again beside the old ones, from the same events, with the
 * lanes of the log mixed in another way. A point tells what was seen of each lane, and so it holds in both.
 */
export const feedsRebuiltContract = (adapter: string, makePair: () => Promise<FeedsPair>) =>
  describe.each([
    ['in the order of the log', { partitions: 1, seed: 1 }, { partitions: 1, seed: 2 }],
    ['from three partitions and then in the order of the log', { partitions: 3, seed: 3 }, { partitions: 1, seed: 4 }],
    ['from two partitions and then from five', { partitions: 2, seed: 5 }, { partitions: 5, seed: 6 }],
    ['lane by lane', { partitions: 64, seed: 7 }, { partitions: 64, seed: 8 }],
  ])(`Feeds contract, numbered anew, built %s: ${adapter}`, (_, mixOfOne, mixOfOther) => {
    let log: ReturnType<typeof aLog>;
    let pair: FeedsPair;
    let one: MadeFeeds['feeds'];
    let other: MadeFeeds['feeds'];
    beforeEach(async () => {
      log = aLog();
      await log.begin();
      pair = await makePair();
      one = pair.one.feeds;
      other = pair.other.feeds;
      await showMixed(pair.one, log.history, mixOfOne);
      await showMixed(pair.other, log.history, mixOfOther);
    });

    const all = (feeds: Feeds, recipient: string) => feeds.read(recipient, null, 1_000);

    it('tells each recipient the same in both, and counts in epochs of their own', async () => {
      for (const recipient of RECIPIENTS) {
        const [first, second] = [await all(one, recipient), await all(other, recipient)];
        const told = keysOf(log.toldTo(recipient)).toSorted();
        expect(told.length).toBeGreaterThan(60);
        expect(keysOf(first.items).toSorted()).toEqual(told);
        expect(keysOf(second.items).toSorted()).toEqual(told);
        expect(first.point.epoch).not.toBe(second.point.epoch);
      }
    });

    it('loses and repeats nothing for a reader who goes on in the other from any item, in pages of any size', async () => {
      for (const recipient of RECIPIENTS) {
        const { items, points } = await all(one, recipient);
        const there = await all(other, recipient);
        expect(points).toHaveLength(items.length);
        for (const [i, point] of points.entries()) {
          const seen = new Set(keysOf(items.slice(0, i + 1)));
          const unseen = there.items.filter((item) => !seen.has(keyOf(item)));
          const rest = await other.read(recipient, point, 1_000);
          expect([rest.items, rest.recovered]).toEqual([unseen, true]);
          if (i % 10 === 0) expect((await restOf(other, recipient, point)).items).toEqual(unseen);
        }
      }
    });

    it('gives points that lead on from each item, whichever numbering the page began with', async () => {
      const { points } = await all(one, 'alice');
      const rest = await other.read('alice', points[20] ?? null, 1_000);
      expect(rest.points).toHaveLength(rest.items.length);
      for (const [i, point] of rest.points.entries()) {
        expect((await other.read('alice', point, 1_000)).items).toEqual(rest.items.slice(i + 1));
      }
      expect(new Set(rest.points.map(({ epoch }) => epoch))).toEqual(new Set([rest.point.epoch]));
    });

    it('loses and repeats nothing for a reader who is moved to and fro', async () => {
      for (const recipient of RECIPIENTS) {
        const seen: string[] = [];
        let point: FeedPoint | null = null;
        for (let [turn, nothing] = [0, 0]; nothing < 2 && turn < MAX_PAGES; turn++) {
          const page = await (turn % 2 === 0 ? one : other).read(recipient, point, 1 + (turn % 5));
          expect(page.recovered).toBe(true);
          nothing = page.items.length === 0 ? nothing + 1 : 0;
          seen.push(...keysOf(page.items));
          point = page.point;
        }
        expect(seen.toSorted()).toEqual(keysOf(log.toldTo(recipient)).toSorted());
      }
    });

    it('gives a reader who was up to date only what has come since, and wakes it for that', async () => {
      const { point } = await restOf(one, 'alice', null);
      const [events, told] = [log.history.length, log.toldTo('alice').length];
      await log.goOn();
      await showMixed(pair.other, log.history.slice(events), mixOfOther);
      const later = keysOf(log.toldTo('alice').slice(told));
      expect(later).toHaveLength(SESSIONS / 2);
      await expect(other.changed('alice', point, new AbortController().signal)).resolves.toBeUndefined();
      const rest = await restOf(other, 'alice', point, 5);
      expect(keysOf(rest.items).toSorted()).toEqual(later.toSorted());
      expect((await other.read('alice', rest.point, 10)).items).toEqual([]);
    });

    it('goes on likewise in the items of one session', async () => {
      for (const id of ['call-0', 'call-1', 'call-2']) {
        const { items, points } = await one.readSession('alice', id, null, 100);
        const there = await other.readSession('alice', id, null, 100);
        expect(keysOf(there.items)).toEqual(keysOf(items));
        expect(items.length).toBeGreaterThan(3);
        for (const [i, point] of points.entries()) {
          expect(keysOf((await other.readSession('alice', id, point, 100)).items)).toEqual(keysOf(items.slice(i + 1)));
        }
      }
    });

    it('takes a point of the log’s own numbering: everything up to its position has been seen', async () => {
      for (const recipient of RECIPIENTS) {
        const told = log.toldTo(recipient);
        const positions = new Map(told.map((out) => [keyOf(out), out.position]));
        const { items } = await all(other, recipient);
        const beyond = (position: number) => items.filter((item) => (positions.get(keyOf(item)) ?? 0) > position);
        const pointAt = (sequence: number): FeedPoint => ({ epoch: pair.logId, sequence, seen: [] });
        for (const { position, index } of told) {
          const page = await other.read(recipient, pointAt(position * 8 + index), 1_000);
          expect([page.items, page.recovered]).toEqual([beyond(position), true]);
        }
        for (const { position } of log.history.filter((_, i) => i % 9 === 0)) {
          const rest = await restOf(other, recipient, pointAt(position * 8 + 7));
          expect(rest.items).toEqual(beyond(position));
        }
      }
    });

    it('says when what a reader had not seen may have been forgotten meanwhile', async () => {
      const { points } = await all(one, 'alice');
      await other.forget(Number.MAX_SAFE_INTEGER);
      expect((await other.read('alice', points[0] ?? null, 10)).recovered).toBe(false);
    });
  });
