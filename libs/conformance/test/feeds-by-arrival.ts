import { type Change, idOf, laneOf, type StreamName, streamName, type Versioned } from '@signalbox/event-sourcing';
import type { FeedItem, FeedOut, FeedPage, FeedPoint, FeedSessionRow, FeedTold } from '@signalbox/read-models';
import type { MadeFeeds } from '../src/index.ts';

type Kept = FeedItem & { readonly lane: number; readonly position: number };
type Feed = { items: readonly Kept[]; last: number; nextAt: number; forgottenUpTo: number };

/** Positions of the log's own numbering hold eight items each. */
const ITEMS_PER_POSITION = 8;
const LANES = 64;

/**
 * A double: feeds that number their items as they come, each recipient's apart, in an epoch of their own. It goes
 * through everything on every call, and shows that the contracts ask for nothing that such feeds can't give.
 */
export const feedsByArrival = (epoch: string, logId: string): MadeFeeds => {
  const rows = new Map<StreamName, Versioned<FeedSessionRow>>();
  const feeds = new Map<string, Feed>();
  const endedAt = new Map<string, number>();
  const listeners = new Set<() => void>();
  let checkpoint = 0;
  let latest = 0;

  const feedOf = (recipient: string): Feed =>
    feeds.get(recipient) ?? { items: [], last: 0, nextAt: 0, forgottenUpTo: 0 };

  const append = ({ recipient, sessionId, recordedAt, position, delivered }: FeedTold) => {
    const feed = feedOf(recipient);
    const [sequence, at] = [feed.last + 1, Math.max(recordedAt, feed.nextAt)];
    const lane = laneOf(streamName('session', sessionId));
    const times = delivered.type === 'candidates' ? delivered.candidates.length : 1;
    const items = [...feed.items, { sequence, at, sessionId, delivered, lane, position }];
    feeds.set(recipient, { ...feed, items, last: sequence, nextAt: at + times });
    latest = Math.max(latest, recordedAt);
  };

  /** Removes the items of some sessions. */
  const without = (isGone: (sessionId: string) => boolean) => {
    for (const [recipient, feed] of feeds) {
      const gone = feed.items.filter(({ sessionId }) => isGone(sessionId));
      const items = feed.items.filter(({ sessionId }) => !isGone(sessionId));
      feeds.set(recipient, { ...feed, items, forgottenUpTo: gone.at(-1)?.sequence ?? feed.forgottenUpTo });
    }
  };

  /** What a point of another numbering says of the lanes. */
  const seenOf = ({ epoch: whose, sequence, seen }: FeedPoint): FeedPoint['seen'] =>
    whose === logId
      ? Array.from({ length: LANES }, (_, lane) => [lane, Math.floor(sequence / ITEMS_PER_POSITION)])
      : seen;

  const isBeyond = (after: FeedPoint | null) => {
    const seen = new Map(after ? seenOf(after) : []);
    const sequence = after?.epoch === epoch ? after.sequence : 0;
    return (item: Kept) => item.sequence > sequence && item.position > (seen.get(item.lane) ?? 0);
  };

  const pointAfter = (start: FeedPoint | null, sequence: number, items: readonly Kept[]): FeedPoint => {
    const seen = new Map(start ? seenOf(start) : []);
    for (const { lane, position } of items) seen.set(lane, Math.max(position, seen.get(lane) ?? 0));
    return { epoch, sequence, seen: [...seen] };
  };

  const read = (recipient: string, after: FeedPoint | null, limit: number, isWanted = (_: Kept) => true): FeedPage => {
    const feed = feedOf(recipient);
    const beyond = feed.items.filter(isBeyond(after)).filter(isWanted);
    const shown = beyond.slice(0, limit);
    const points = shown.map(({ sequence }, i) => pointAfter(after, sequence, shown.slice(0, i + 1)));
    const from = after?.epoch === epoch ? after.sequence : 0;
    return {
      items: shown.map(({ sequence, at, sessionId, delivered }) => ({ sequence, at, sessionId, delivered })),
      points,
      point:
        beyond.length <= limit ? pointAfter(after, feed.last, shown) : (points.at(-1) ?? pointAfter(after, from, [])),
      recovered: after === null || ((after.epoch === epoch || seenOf(after).length > 0) && from >= feed.forgottenUpTo),
    };
  };

  const itemsOf = (recipient: string, since: number, isWanted = (_: Kept) => true): readonly FeedItem[] =>
    feedOf(recipient)
      .items.filter(
        ({ at, delivered }) => at + (delivered.type === 'candidates' ? delivered.candidates.length : 1) - 1 > since,
      )
      .filter(isWanted)
      .map(({ sequence, at, sessionId, delivered }) => ({ sequence, at, sessionId, delivered }));

  const ofSession = (sessionId: string) => (item: Kept) => item.sessionId === sessionId;

  const isNew = ({ stream, revision }: Change<FeedSessionRow, FeedOut>) =>
    revision > (rows.get(stream)?.revision ?? -1);
  const isStale = ({ stream, after }: Change<FeedSessionRow, FeedOut>) =>
    after !== (rows.get(stream)?.revision ?? after);

  return {
    view: {
      read: async (streams) => new Map([...rows].filter(([stream]) => streams.includes(stream))),
      write: async (changes, upTo) => {
        const fresh = changes.filter(isNew);
        const taken = fresh.filter((change) => !isStale(change));
        for (const { stream, revision, row } of taken) rows.set(stream, { revision, row });
        const outs = taken.flatMap(({ out }) => out);
        const items = outs.filter((out) => 'delivered' in out);
        for (const item of items.toSorted((a, b) => a.position - b.position)) append(item);
        for (const out of outs) if ('takenBack' in out) without((id) => id === out.takenBack);
        for (const { stream, row } of taken) if (row === undefined) endedAt.set(idOf(stream), latest);
        if (taken.length === fresh.length) checkpoint = Math.max(checkpoint, upTo);
        for (const listener of [...listeners]) listener();
        return fresh.filter((change) => !taken.includes(change)).map(({ stream }) => stream);
      },
      checkpoint: async () => checkpoint,
    },
    feeds: {
      read: async (recipient, after, limit) => read(recipient, after, limit),
      readSession: async (recipient, sessionId, after, limit) => read(recipient, after, limit, ofSession(sessionId)),
      since: async (recipient, since) => itemsOf(recipient, since),
      sessionSince: async (recipient, sessionId, since) => itemsOf(recipient, since, ofSession(sessionId)),
      changed: (recipient, after, signal) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        const look = () => {
          if (!signal.aborted && !feedOf(recipient).items.some(isBeyond(after))) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        signal.addEventListener('abort', look);
        look();
        return promise;
      },
      forget: async (endedBefore) => {
        const gone = new Set([...endedAt].filter(([, at]) => at < endedBefore).map(([id]) => id));
        for (const id of gone) endedAt.delete(id);
        without((id) => gone.has(id));
        return gone.size;
      },
    },
  };
};
