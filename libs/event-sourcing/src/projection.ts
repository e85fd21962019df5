import type { Decoded } from './ports/codec.ts';
import type { StreamName } from './ports/event-log.ts';
import { categoryOf } from './ports/event-log.ts';
import type { Change, View } from './ports/view.ts';

/** What an event makes of its stream's row. `undefined` removes the row. */
export type Applied<Row, Out> = { readonly row: Row | undefined; readonly out?: readonly Out[] };

/** An event as a projection sees it: what happened, and where and when it was recorded. */
export type Seen<E> = Pick<Decoded<E>, 'id' | 'stream' | 'revision' | 'position' | 'recordedAt' | 'metadata' | 'event'>;

/**
 * Pure, total and never refusing: a fact that a projection does not like has to be fixed in the decider. Each event
 * type of the category is handled or said to be ignored. A new row shape is a new name (`sessions@2`), built beside
 * the old one.
 */
export type Projection<E extends { readonly type: string }, Row, Out = never> = {
  readonly name: `${string}@${number}`;
  readonly category: string;
  readonly on: {
    readonly [T in E['type']]:
      | 'ignored'
      | ((row: Row | undefined, seen: Seen<Extract<E, { readonly type: T }>>) => Applied<Row, Out>);
  };
};

/** One projection bound to its view; the type of its rows is nobody else's business. */
export type BoundProjection<E> = {
  readonly name: string;
  readonly category: string;
  readonly apply: (batch: readonly Decoded<E>[], checkpoint: number) => Promise<void>;
  readonly checkpoint: () => Promise<number>;
};

/**
 * `refetch` reads a stream again, decoded, from a revision on: it is called when an event is ahead of its row, which
 * happens where events come over a bus and never where they come from the log in order.
 */
export const bindProjection = <E extends { readonly type: string }, Row, Out>(
  projection: Projection<E, Row, Out>,
  view: View<Row, Out>,
  refetch: (stream: StreamName, from: number) => Promise<readonly Decoded<E>[]>,
): BoundProjection<E> => ({
  name: projection.name,
  category: projection.category,
  checkpoint: () => view.checkpoint(),
  apply: async (batch, checkpoint) => {
    let byStream = groupByStream(batch.filter((e) => categoryOf(e.stream) === projection.category));
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const changes = await changesFor(projection, view, byStream, refetch);
      const stale = new Set(await view.write(changes, checkpoint));
      if (stale.size === 0) return;
      byStream = new Map([...byStream].filter(([stream]) => stale.has(stream)));
    }
    throw new Error(`Others kept writing the rows of ${projection.name}: the batch has to be applied again.`);
  },
});

/** How often rows that somebody else writes at the same time are made again before the whole batch is. */
const MAX_ATTEMPTS = 8;

const changesFor = async <E extends { readonly type: string }, Row, Out>(
  projection: Projection<E, Row, Out>,
  view: View<Row, Out>,
  byStream: ReadonlyMap<StreamName, readonly Decoded<E>[]>,
  refetch: (stream: StreamName, from: number) => Promise<readonly Decoded<E>[]>,
): Promise<readonly Change<Row, Out>[]> => {
  const rows = byStream.size === 0 ? undefined : await view.read([...byStream.keys()]);
  const changes: Change<Row, Out>[] = [];
  for (const [stream, arrived] of byStream) {
    const known = rows?.get(stream);
    const after = known?.revision ?? -1;
    const events = await withoutGap(arrived, after, (from) => refetch(stream, from));
    const last = events.at(-1);
    if (!last) continue;
    let row = known?.row;
    const out: Out[] = [];
    for (const event of events) {
      const applied = applyOne(projection, row, event);
      row = applied.row;
      if (applied.out) out.push(...applied.out);
    }
    const { revision, position, recordedAt } = last;
    changes.push({ stream, after, revision, position, recordedAt, row, out });
  }
  return changes;
};

const groupByStream = <E>(batch: readonly Decoded<E>[]): Map<StreamName, Decoded<E>[]> => {
  const groups = new Map<StreamName, Decoded<E>[]>();
  for (const event of batch) {
    const group = groups.get(event.stream);
    if (group) group.push(event);
    else groups.set(event.stream, [event]);
  }
  return groups;
};

/**
 * The events that follow `revision` without a gap; what was seen before is dropped, what is missing is fetched. What
 * came after the batch is left to its own turn, so that outputs keep the order in which the events arrive.
 */
const withoutGap = async <E>(
  arrived: readonly Decoded<E>[],
  revision: number,
  refetch: (from: number) => Promise<readonly Decoded<E>[]>,
): Promise<readonly Decoded<E>[]> => {
  const fresh: Decoded<E>[] = [];
  let next = revision + 1;
  for (const event of arrived) {
    if (event.revision < next) continue;
    if (event.revision > next) {
      const last = arrived.at(-1)?.revision ?? -1;
      return (await refetch(revision + 1)).filter((fetched) => fetched.revision <= last);
    }
    fresh.push(event);
    next++;
  }
  return fresh;
};

const applyOne = <E extends { readonly type: string }, Row, Out>(
  projection: Projection<E, Row, Out>,
  row: Row | undefined,
  seen: Decoded<E>,
): Applied<Row, Out> => {
  const handler = projection.on[seen.event.type as E['type']];
  if (handler === 'ignored') return { row };
  // The table's key is the event's own type, which the compiler can't follow from the lookup to the call.
  return (handler as (row: Row | undefined, seen: Seen<E>) => Applied<Row, Out>)(row, seen);
};
