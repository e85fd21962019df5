import { type StreamName, streamName, type View } from '@signalbox/event-sourcing';
import type { Forgets, SessionRow, Sessions } from '@signalbox/read-models';
import { byTime, cameBy, type Deadline } from './deadline.ts';
import { OrderedList } from './ordered-list.ts';
import { memoryRows } from './rows.ts';

const byAge = (a: SessionRow, b: SessionRow): number =>
  a.createdAt - b.createdAt || (a.sessionId < b.sessionId ? -1 : 1);

/**
 * Sessions by id. Those without an end are kept in the order of their due times too, in all and for each publisher, so
 * that the living ones are counted by a search; the ended ones in the order of their ends, so that forgetting costs
 * what is forgotten.
 */
export const memorySessions = (): View<SessionRow> & Sessions & Forgets => {
  const unended = new OrderedList(byTime);
  const byPublisher = new Map<string, OrderedList<Deadline>>();
  const ended = new OrderedList(byTime);

  const index = (row: SessionRow, stream: StreamName) => {
    if (row.endedAt !== null) {
      ended.add({ at: row.endedAt, key: stream });
      return;
    }
    const due = { at: row.expiresAt, key: stream };
    const own = byPublisher.get(row.publisher) ?? new OrderedList(byTime);
    unended.add(due);
    own.add(due);
    byPublisher.set(row.publisher, own);
  };

  const unindex = (row: SessionRow, stream: StreamName) => {
    if (row.endedAt !== null) {
      ended.delete({ at: row.endedAt, key: stream });
      return;
    }
    const due = { at: row.expiresAt, key: stream };
    const own = byPublisher.get(row.publisher);
    unended.delete(due);
    own?.delete(due);
    if (own?.size === 0) byPublisher.delete(row.publisher);
  };

  const rows = memoryRows<SessionRow>((taken) => {
    for (const { before, change } of taken) {
      const { row, stream } = change;
      // Most changes (a candidate more) move neither.
      if (before && row && before.expiresAt === row.expiresAt && before.endedAt === row.endedAt) continue;
      if (before) unindex(before, stream);
      if (row) index(row, stream);
    }
  });

  return {
    read: rows.read,
    write: rows.write,
    checkpoint: rows.checkpoint,
    find: async (sessionId) => rows.get(streamName('session', sessionId)),
    livePublishedBy: async (identity, now) => {
      const live = byPublisher.get(identity)?.from(cameBy(now)) ?? [];
      return [...live].flatMap(({ key }) => rows.get(key as StreamName) ?? []).sort(byAge);
    },
    liveCount: async (now, identity) => {
      const counted = identity === undefined ? unended : byPublisher.get(identity);
      return counted ? counted.size - counted.rank(cameBy(now)) : 0;
    },
    forget: async (endedBefore) => {
      let forgotten = 0;
      for (let first = ended.first(); first && first.at < endedBefore; first = ended.first()) {
        ended.delete(first);
        rows.forget(first.key as StreamName);
        forgotten++;
      }
      return forgotten;
    },
  };
};
