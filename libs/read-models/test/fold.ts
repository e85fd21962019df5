import { type Projection, type Seen, streamName } from '@signalbox/event-sourcing';
import { metadata, t0 } from '@signalbox/testing';

/** Event i of the stream `<category>-one` is at position 10 + i, recorded i milliseconds after t0. */
const seen = <E>(category: string, event: E, revision: number): Seen<E> => ({
  id: `event-${revision}`,
  stream: streamName(category, 'one'),
  revision,
  position: 10 + revision,
  recordedAt: t0 + revision,
  metadata: metadata(),
  event,
});

/** What a projection makes of a stream: the row it comes to, and what it gave beside it, event by event. */
export const fold = <E extends { readonly type: string }, Row, Out>(
  projection: Projection<E, Row, Out>,
  ...events: readonly E[]
): { readonly row: Row | undefined; readonly out: readonly (readonly Out[])[] } => {
  let row: Row | undefined;
  const out: (readonly Out[])[] = [];
  for (const [revision, event] of events.entries()) {
    const handler = projection.on[event.type as E['type']];
    if (handler === 'ignored') {
      out.push([]);
      continue;
    }
    const apply = handler as (row: Row | undefined, seen: Seen<E>) => { row: Row | undefined; out?: readonly Out[] };
    const applied = apply(row, seen(projection.category, event, revision));
    row = applied.row;
    out.push(applied.out ?? []);
  }
  return { row, out };
};
