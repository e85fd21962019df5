import type { Delivered, FeedItem, FeedTold } from '@signalbox/read-models';
import { byTime } from './deadline.ts';
import { OrderedList } from './ordered-list.ts';

/** How many items one event can give one recipient. Stored cursors rest on this number: it never changes. */
const ITEMS_PER_EVENT = 8;

/** Derived from the log alone, so that a feed read again from the log has the same numbers. */
export const sequenceOf = (out: FeedTold): number => out.position * ITEMS_PER_EVENT + out.index;

/** Not before any item up to this position, and before every later one. */
export const sequenceUpTo = (position: number): number => position * ITEMS_PER_EVENT + ITEMS_PER_EVENT - 1;

/** How many times an item uses up: one for each candidate. */
export const timesOf = (delivered: Delivered): number =>
  delivered.type === 'candidates' ? Math.max(1, delivered.candidates.length) : 1;

const bySequence = (a: FeedItem, b: FeedItem): number => a.sequence - b.sequence;

type Feed = {
  readonly items: OrderedList<FeedItem>;
  /** The earliest time that the next item may bear. */
  nextAt: number;
  /** Items up to this sequence may have been forgotten. */
  forgottenUpTo: number;
};

type SessionItems = { readonly byRecipient: Map<string, FeedItem[]>; ended: boolean };

export type FeedItems = {
  /** A recipient's items, in order; undefined when there are none. */
  of(recipient: string): OrderedList<FeedItem> | undefined;
  ofSession(recipient: string, sessionId: string): readonly FeedItem[];
  /** Adds an item at the end of its recipient's feed: outputs must come in log order. */
  append(out: FeedTold): void;
  /** From now on the session's items may be forgotten, once they are old enough. */
  end(sessionId: string): void;
  /**
   * Removes what there is of the session's items. Their feeds stay, so that only those who had not come so far are told
   * that they may have missed something, until the session would have been forgotten.
   */
  takeBack(sessionId: string): void;
  /** Forgets the items of sessions that ended before; answers with how many sessions. */
  forget(endedBefore: number): number;
  /** The sequence up to which items of this recipient may have been forgotten. */
  forgottenUpTo(recipient: string): number;
  /** Everything up to this sequence may be missing, of any recipient. Said before the first item. */
  startBeyond(sequence: number): void;
};

export const feedItems = (): FeedItems => {
  const feeds = new Map<string, Feed>();
  const sessions = new Map<string, SessionItems>();
  const ended = new OrderedList(byTime);
  /** What a feed begins with: feeds that were dropped whole may have had items up to here, and times. */
  let dropped = { forgottenUpTo: 0, nextAt: 0 };
  let latest = 0;

  const drop = (recipient: string, feed: Feed) => {
    feeds.delete(recipient);
    dropped = {
      forgottenUpTo: Math.max(dropped.forgottenUpTo, feed.forgottenUpTo),
      nextAt: Math.max(dropped.nextAt, feed.nextAt),
    };
  };

  const takeBack = (sessionId: string) => {
    for (const [recipient, items] of sessions.get(sessionId)?.byRecipient ?? []) {
      const feed = feeds.get(recipient);
      for (const item of items.splice(0)) {
        if (!feed) continue;
        feed.items.delete(item);
        feed.forgottenUpTo = Math.max(feed.forgottenUpTo, item.sequence);
      }
    }
  };

  const forgetSession = (sessionId: string) => {
    takeBack(sessionId);
    for (const recipient of sessions.get(sessionId)?.byRecipient.keys() ?? []) {
      const feed = feeds.get(recipient);
      if (feed?.items.size === 0) drop(recipient, feed);
    }
    sessions.delete(sessionId);
  };

  return {
    of: (recipient) => feeds.get(recipient)?.items,
    ofSession: (recipient, sessionId) => sessions.get(sessionId)?.byRecipient.get(recipient) ?? [],
    append: (out) => {
      const { recipient, sessionId, delivered } = out;
      const feed = feeds.get(recipient) ?? { items: new OrderedList(bySequence), ...dropped };
      feeds.set(recipient, feed);
      const at = Math.max(out.recordedAt, feed.nextAt);
      const item: FeedItem = { sequence: sequenceOf(out), at, sessionId, delivered };
      feed.items.add(item);
      feed.nextAt = at + timesOf(delivered);
      const session = sessions.get(sessionId) ?? { byRecipient: new Map<string, FeedItem[]>(), ended: false };
      sessions.set(sessionId, session);
      const items = session.byRecipient.get(recipient);
      if (items) items.push(item);
      else session.byRecipient.set(recipient, [item]);
      latest = Math.max(latest, out.recordedAt);
    },
    end: (sessionId) => {
      const session = sessions.get(sessionId);
      if (!session || session.ended) return;
      session.ended = true;
      // An end that nobody is told of has no item and so no time of its own: the log had come at least this far.
      ended.add({ at: latest, key: sessionId });
    },
    takeBack,
    forget: (endedBefore) => {
      let forgotten = 0;
      for (let first = ended.first(); first && first.at < endedBefore; first = ended.first()) {
        ended.delete(first);
        forgetSession(first.key);
        forgotten++;
      }
      return forgotten;
    },
    forgottenUpTo: (recipient) => (feeds.get(recipient) ?? dropped).forgottenUpTo,
    startBeyond: (sequence) => {
      dropped = { ...dropped, forgottenUpTo: sequence };
    },
  };
};
