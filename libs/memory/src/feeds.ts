import { type Change, idOf, type View } from '@signalbox/event-sourcing';
import type {
  FeedItem,
  FeedOut,
  FeedPage,
  FeedPoint,
  FeedSessionRow,
  Feeds,
  FeedTold,
  Forgets,
} from '@signalbox/read-models';
import { feedItems, sequenceOf, sequenceUpTo, timesOf } from './feed-items.ts';
import { feedWaiters } from './feed-waiters.ts';
import { partition } from './ordered-list.ts';
import { memoryRows } from './rows.ts';

const isTold = (out: FeedOut): out is FeedTold => 'delivered' in out;

const upToSequence = (sequence: number) => (item: FeedItem) => item.sequence <= sequence;

const upToTime = (time: number) => (item: FeedItem) => item.at + timesOf(item.delivered) - 1 <= time;

/**
 * A feed for each identity. `epoch` names the log: sequences are derived from it, and are the same after a restart.
 * The times are too, as far back as the items go; a burst of more candidates than milliseconds moves the times of what
 * follows it, until the feed has been quiet for as long as the burst ran ahead.
 *
 * Without a point a reader asks for whatever is kept: nothing was promised to whoever has none yet, so it counts as
 * recovered. A page that reaches the end answers with the sequence up to which the log has been read, not only that of
 * its last item: so a reader that keeps asking is never told that it may have missed what was forgotten from other
 * feeds. A point of another numbering (the log was replaced) says nothing here: the reader starts over, and is told.
 */
export const memoryFeeds = ({
  epoch,
}: {
  readonly epoch: string;
}): {
  readonly view: View<FeedSessionRow, FeedOut>;
  readonly feeds: Feeds & Forgets;
  /**
   * Said once, before the first write: what was recorded at or before this position may be missing, because the view
   * is filled from the sessions that are still of interest and not from the whole log.
   */
  startedFrom(position: number): void;
} => {
  const items = feedItems();
  const waiters = feedWaiters();

  const rows = memoryRows<FeedSessionRow, FeedOut>((taken, checkpointBefore) => {
    const isTakenBack = ({ out }: Change<FeedSessionRow, FeedOut>) => out.some((one) => 'takenBack' in one);
    const outs = taken
      .flatMap(({ change }) => (isTakenBack(change) ? [] : change.out.filter(isTold)))
      .filter((out) => out.position > checkpointBefore) // the rest was delivered when the log was first read so far
      .sort((a, b) => sequenceOf(a) - sequenceOf(b));
    for (const out of outs) items.append(out);
    for (const { change } of taken) if (change.row === undefined) items.end(idOf(change.stream));
    for (const { change } of taken) if (isTakenBack(change)) items.takeBack(idOf(change.stream));
    for (const out of outs) waiters.wake(out.recipient, sequenceOf(out));
  });

  const pointAt = (sequence: number): FeedPoint => ({ epoch, sequence, seen: [] });

  /** The sequence beyond which a reader reads: from the beginning where a point counts in another numbering. */
  const startOf = (after: FeedPoint | null): number => (after?.epoch === epoch ? after.sequence : 0);

  /** `beyond`: the items after the start, one more than `limit` when there are as many. */
  const page = (recipient: string, after: FeedPoint | null, limit: number, beyond: readonly FeedItem[]): FeedPage => {
    const shown = beyond.slice(0, limit);
    const points = shown.map((item) => pointAt(item.sequence));
    const readUpTo = pointAt(Math.max(startOf(after), sequenceUpTo(rows.position)));
    return {
      items: shown,
      points,
      point: beyond.length <= limit ? readUpTo : (points.at(-1) ?? pointAt(startOf(after))),
      recovered: after === null || (after.epoch === epoch && after.sequence >= items.forgottenUpTo(recipient)),
    };
  };

  const feeds: Feeds & Forgets = {
    read: async (recipient, after, limit) => {
      const beyond = items
        .of(recipient)
        ?.from(upToSequence(startOf(after)))
        .take(limit + 1);
      return page(recipient, after, limit, [...(beyond ?? [])]);
    },
    readSession: async (recipient, sessionId, after, limit) => {
      const all = items.ofSession(recipient, sessionId);
      const first = partition(all, upToSequence(startOf(after)));
      return page(recipient, after, limit, all.slice(first, first + limit + 1));
    },
    since: async (recipient, since) => [...(items.of(recipient)?.from(upToTime(since)) ?? [])],
    sessionSince: async (recipient, sessionId, since) => {
      const all = items.ofSession(recipient, sessionId);
      return all.slice(partition(all, upToTime(since)));
    },
    changed: async (recipient, after, signal) => {
      const start = startOf(after);
      const last = items.of(recipient)?.last();
      if (last && last.sequence > start) return;
      await waiters.wait(recipient, start, signal);
    },
    forget: async (endedBefore) => items.forget(endedBefore),
  };

  return {
    view: { read: rows.read, write: rows.write, checkpoint: rows.checkpoint },
    feeds,
    startedFrom: (position) => items.startBeyond(sequenceUpTo(position)),
  };
};
