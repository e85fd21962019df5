import { LANES } from '@signalbox/event-sourcing';
import type { FeedItem, FeedPage, FeedPoint } from '@signalbox/read-models';

/** Where an item is in a feed's numbering, and in the log. */
export type Place = { readonly sequence: number; readonly lane: number; readonly position: number };

/** An item as it is kept: its lane and position tell it apart in every numbering. */
export type KeptItem = FeedItem & Place;

/** What one call found for a reader: up to one item more than asked for, and how things stand. */
export type Found = {
  readonly numbering: string;
  /** The last sequence that was given out, to anyone. */
  readonly sequence: number;
  /** How far the log has been shown. */
  readonly checkpoint: number;
  readonly forgottenUpTo: number;
  readonly forgottenPosition: number;
  /** Beyond the reader: items that came behind a later one of their lane. */
  readonly late: readonly Place[];
  /** At the end of a feed that holds such items: the largest position of each lane. */
  readonly highest: readonly (readonly [lane: number, position: number])[];
  readonly items: readonly KeptItem[];
};

/** What a point says to the feeds of one log. */
export type Start = {
  /** The numbering that its sequence is of; null for none. */
  readonly numbering: string | null;
  readonly sequence: number;
  /** By lane, up to where everything has been seen. */
  readonly seen: ReadonlyMap<number, number>;
  /** The point is one of this log, or there is none. */
  readonly isKnown: boolean;
};

/**
 * In a point's `seen`, beside the lanes themselves: up to where everything has been seen of every lane, which is what
 * a cursor of the log's own numbering says; and how far the log had come when the reader was told that there was
 * nothing more. The second hides no item: it only tells whether the reader may have missed what is forgotten by now.
 */
export const ALL_LANES = LANES;
const UP_TO_DATE = LANES + 1;

/** How many sequences the log's own numbering gives to a position. */
const SEQUENCES_PER_POSITION = 8;

/** The numberings of one log have this in common, so that a point of another log is told apart. */
const prefixOf = (logId: string): string => `${logId.slice(0, 8)}-`;

const epochOf = (logId: string, numbering: string): string => `${prefixOf(logId)}${numbering}`;

export const startOf = (logId: string, after: FeedPoint | null): Start => {
  const nothing = { numbering: null, sequence: 0, seen: new Map<number, number>() };
  if (after === null) return { ...nothing, isKnown: true };
  const seen = new Map(after.seen);
  if (after.epoch === logId) {
    const position = Math.floor(after.sequence / SEQUENCES_PER_POSITION);
    seen.set(ALL_LANES, Math.max(position, seen.get(ALL_LANES) ?? 0));
    return { numbering: null, sequence: 0, seen, isKnown: true };
  }
  if (!after.epoch.startsWith(prefixOf(logId))) return { ...nothing, isKnown: false };
  const numbering = after.epoch.slice(prefixOf(logId).length);
  return { numbering, sequence: after.sequence, seen, isKnown: true };
};

/**
 * A page of what was found. Each point carries what its reader has seen of each lane, so that it leads on in any
 * numbering. Where an item of a lane is still to come that belongs before those seen, they count as not seen, and may
 * be shown again in another numbering.
 *
 * Without a point a reader asks for whatever is kept: nothing was promised to whoever has no cursor yet, so it counts
 * as recovered. A page that reaches the end leads to the end of all feeds: so a reader that keeps asking is never told
 * that it may have missed what was forgotten from other feeds.
 */
export const pageOf = (logId: string, after: FeedPoint | null, limit: number, found: Found): FeedPage => {
  const start = startOf(logId, after);
  const isOwn = start.numbering === found.numbering;
  const epoch = epochOf(logId, found.numbering);
  const shown = found.items.slice(0, limit);
  const isComplete = found.items.length <= limit;
  const from = isOwn ? start.sequence : 0;

  const seen = new Map(start.seen);
  const see = (lane: number, position: number) => seen.set(lane, Math.max(position, seen.get(lane) ?? 0));
  const pointAt = (sequence: number): FeedPoint => ({
    epoch,
    sequence,
    seen: inOrder(seenBy(seen, found.late, sequence)),
  });
  const points = shown.map(({ sequence, lane, position }) => {
    see(lane, position);
    return pointAt(sequence);
  });
  for (const [lane, position] of found.highest) see(lane, position);
  if (isComplete) see(UP_TO_DATE, found.checkpoint);
  const last = points.at(-1) ?? pointAt(from);

  return {
    items: shown.map(shownOf),
    points,
    point: isComplete ? pointAt(Math.max(from, found.sequence)) : last,
    recovered: after === null || hasMissedNothing(start, isOwn, found),
  };
};

/** What a reader sees of it. */
export const shownOf = ({ sequence, at, sessionId, delivered }: KeptItem): FeedItem => ({
  ...{ sequence, at, sessionId, delivered },
});

/** Elsewhere than in its own numbering a reader is taken to have seen what was there when it last was told something. */
const hasMissedNothing = (start: Start, isOwn: boolean, found: Found): boolean => {
  if (isOwn) return start.sequence >= found.forgottenUpTo;
  return start.isKnown && start.seen.size > 0 && Math.max(...start.seen.values()) >= found.forgottenPosition;
};

/** What can be said to have been seen of each lane at a sequence, given what comes late beyond it. */
const seenBy = (
  seen: ReadonlyMap<number, number>,
  late: readonly Place[],
  sequence: number,
): ReadonlyMap<number, number> => {
  const beyond = late.filter((place) => place.sequence > sequence);
  if (beyond.length === 0) return seen;
  const capped = new Map(seen);
  for (const { lane, position } of beyond) capped.set(lane, Math.min(capped.get(lane) ?? 0, position - 1));
  return capped;
};

/** The lanes that say more than what is said of all of them. */
const inOrder = (seen: ReadonlyMap<number, number>): FeedPoint['seen'] => {
  const ofAll = seen.get(ALL_LANES) ?? 0;
  return [...seen].filter(([lane, position]) => lane >= ALL_LANES || position > ofAll).sort(([a], [b]) => a - b);
};
