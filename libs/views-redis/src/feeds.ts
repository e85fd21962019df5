import { idOf, laneOf, type StreamName, type View } from '@signalbox/event-sourcing';
import type { Delivered, FeedItem, FeedOut, FeedSessionRow, Feeds, FeedTold, Forgets } from '@signalbox/read-models';
import type { Reply } from './connection.ts';
import { FEED_OUTPUT, FORGET_ITEMS } from './feeds.lua.ts';
import { waitForFeed } from './feeds-changed.ts';
import { ALL_LANES, type Found, type KeptItem, type Place, pageOf, shownOf, startOf } from './feeds-points.ts';
import { PAGE, REACHES_BEYOND, SINCE } from './feeds-reading.lua.ts';
import type { Keyspace } from './keyspace.ts';
import { redisRows } from './views.ts';

/** A session has some hundred items at most, and Redis stands still while they are forgotten. */
const SESSIONS_PER_CALL = 20;

/** Items of any session. */
const EVERY_SESSION = '';

/** How many items one call gives to a reader who asks by time. */
const ITEMS_PER_CALL = 500;

/**
 * A feed for each identity. Items are numbered and timed in the call that writes them, so they become readable in that
 * order; the numbers hold until the feeds are built again or Redis is restarted, and a point carries beside them what its reader has seen of each lane
 * of the log: that leads on in any other numbering.
 */
export const redisFeeds = (
  keyspace: Keyspace,
  options: {
    /** The id of the log that the feeds are built from: a cursor of the log's own numbering names it. */
    readonly logId: () => Promise<string>;
  },
): { readonly view: View<FeedSessionRow, FeedOut>; readonly feeds: Feeds & Forgets } => {
  const { logId } = options;

  const rows = redisRows<FeedSessionRow, FeedOut>(keyspace, {
    name: 'feeds',
    facts: () => [1],
    outs: ({ stream, row, recordedAt: latest, out }) => [
      ...[idOf(stream), laneOf(stream), endOf(row, out), latest],
      ...told(out).flatMap(({ recipient, sessionId, recordedAt, position, index, delivered }) => [
        ...[recipient, recordedAt, position, index, timesOf(delivered)],
        JSON.stringify([sessionId, delivered]),
      ]),
    ],
    lua: [FEED_OUTPUT],
  });
  const scripts = {
    page: rows.script(PAGE(ALL_LANES)),
    since: rows.script(SINCE),
    reachesBeyond: rows.script(REACHES_BEYOND),
    forget: rows.script(FORGET_ITEMS),
  };

  const read: Feeds['readSession'] = async (recipient, sessionId, after, limit) => {
    const log = await logId();
    const { numbering, sequence, seen } = startOf(log, after);
    const args = [recipient, sessionId, limit, numbering ?? '', sequence, seen.size, ...[...seen].flat()];
    return pageOf(log, after, limit, foundIn(await rows.run(scripts.page, args)));
  };

  const since = async (recipient: string, sessionId: string, time: number): Promise<readonly FeedItem[]> => {
    let items: FeedItem[] = [];
    let numbering: string | undefined;
    for (;;) {
      const args = [recipient, sessionId, time, items.at(-1)?.sequence ?? 0, ITEMS_PER_CALL];
      const [of, found] = (await rows.run(scripts.since, args)) as readonly [string, readonly string[]];
      if (numbering !== undefined && numbering !== of) {
        // Numbered anew between two calls: what came before does not lead on.
        items = [];
        numbering = undefined;
        continue;
      }
      numbering = of;
      items.push(...found.map((one) => shownOf(itemIn(one))));
      if (sessionId !== EVERY_SESSION || found.length < ITEMS_PER_CALL) return items;
    }
  };

  return {
    view: {
      read: rows.read,
      // Lane by lane, so that few lanes have their changes divided between two calls: what is divided comes late.
      write: (changes, checkpoint) => rows.write(changes.toSorted(byLane), checkpoint),
      checkpoint: rows.checkpoint,
    },
    feeds: {
      read: (recipient, after, limit) => read(recipient, EVERY_SESSION, after, limit),
      readSession: read,
      since: (recipient, time) => since(recipient, EVERY_SESSION, time),
      sessionSince: since,
      changed: async (recipient, after, signal) => {
        const { numbering } = startOf(await logId(), after);
        const isReached = async () =>
          (await rows.run(scripts.reachesBeyond, [recipient, numbering ?? '', after.sequence])) === 1;
        const isBeyond = (other: string, sequence: number) => other !== numbering || sequence > after.sequence;
        await waitForFeed({ redis: keyspace.redis, recipient, isReached, isBeyond, signal });
      },
      forget: async (endedBefore) => {
        let forgotten = 0;
        for (;;) {
          const some = Number(await rows.run(scripts.forget, [endedBefore, SESSIONS_PER_CALL]));
          forgotten += some;
          if (some < SESSIONS_PER_CALL) break;
        }
        await rows.forget(endedBefore);
        return forgotten;
      },
    },
  };
};

const foundIn = (reply: Reply): Found => {
  const [numbering, sequence, checkpoint, forgottenUpTo, forgottenPosition, late, highest, items] = reply as readonly [
    ...[string, string, string, string, string],
    ...[readonly string[], readonly string[], readonly string[]],
  ];
  return {
    numbering,
    sequence: Number(sequence),
    checkpoint: Number(checkpoint),
    forgottenUpTo: Number(forgottenUpTo),
    forgottenPosition: Number(forgottenPosition),
    late: late.map(placeIn),
    highest: highest.map((one) => one.split(' ').map(Number) as [number, number]),
    items: items.map(itemIn),
  };
};

const placeIn = (kept: string): Place => {
  const [sequence, lane, position] = kept.split(' ');
  return { sequence: Number(sequence), lane: Number(lane), position: Number(position) };
};

/** Sequence, time, how many times, lane and position; then what is delivered. */
const KEPT = /^(\d+) (\d+) \d+ (\d+) (\d+) (.*)$/s;

const itemIn = (kept: string): KeptItem => {
  const [, sequence, at, lane, position, body = ''] = KEPT.exec(kept) ?? [];
  const [sessionId, delivered] = JSON.parse(body) as [string, Delivered];
  return {
    ...{ sequence: Number(sequence), at: Number(at), sessionId, delivered },
    ...{ lane: Number(lane), position: Number(position) },
  };
};

const isTakenBack = (out: readonly FeedOut[]): boolean => out.some((one) => 'takenBack' in one);

const told = (out: readonly FeedOut[]): readonly FeedTold[] =>
  isTakenBack(out) ? [] : out.filter((one) => 'delivered' in one);

/** What the script is told of the session. */
const endOf = (row: FeedSessionRow | undefined, out: readonly FeedOut[]): 'lives' | 'over' | 'taken back' => {
  if (isTakenBack(out)) return 'taken back';
  return row === undefined ? 'over' : 'lives';
};

const byLane = (one: { readonly stream: StreamName }, other: { readonly stream: StreamName }): number =>
  laneOf(one.stream) - laneOf(other.stream);

/** How many times an item uses up: one for each candidate. */
const timesOf = (delivered: Delivered): number =>
  delivered.type === 'candidates' ? Math.max(1, delivered.candidates.length) : 1;
