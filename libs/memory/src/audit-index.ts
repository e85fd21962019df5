import { streamName, type View } from '@signalbox/event-sourcing';
import type {
  AuditIndex,
  Forgets,
  RecordedCredentialRow,
  RecordedFilter,
  RecordedPoint,
  RecordedSessionRow,
} from '@signalbox/read-models';
import { OrderedList } from './ordered-list.ts';
import { memoryRows } from './rows.ts';

const newestFirst = (a: RecordedPoint, b: RecordedPoint): number =>
  b.publishedAt - a.publishedAt || (a.sessionId < b.sessionId ? 1 : a.sessionId > b.sessionId ? -1 : 0);

/** Of the same moment, by name. */
const byEnd = (a: RecordedCredentialRow, b: RecordedCredentialRow): number =>
  (a.endedAt ?? 0) - (b.endedAt ?? 0) || (a.name < b.name ? -1 : 1);

/** The views that fill an audit index, and the index. */
export type AuditIndexViews = Forgets & {
  readonly sessions: View<RecordedSessionRow>;
  readonly credentials: View<RecordedCredentialRow>;
  readonly index: AuditIndex;
};

/** What was recorded, in memory: the reference for other adapters, and the index of a short test. It looks at every row in turn. */
export const memoryAuditIndex = (): AuditIndexViews => {
  const ordered = new OrderedList<RecordedSessionRow>(newestFirst);
  const sessions = memoryRows<RecordedSessionRow>((taken) => {
    for (const { before, change } of taken) {
      if (before) ordered.delete(before);
      if (change.row) ordered.add(change.row);
    }
  });
  const known = new Map<string, RecordedCredentialRow>();
  const credentials = memoryRows<RecordedCredentialRow>((taken) => {
    for (const { before, change } of taken) {
      if (before) known.delete(before.name);
      if (change.row) known.set(change.row.name, change.row);
    }
  });

  const endedBefore = (time: number): readonly RecordedCredentialRow[] =>
    [...known.values()].filter(({ endedAt }) => endedAt !== null && endedAt < time).sort(byEnd);

  return {
    sessions: { read: sessions.read, write: sessions.write, checkpoint: sessions.checkpoint },
    credentials: { read: credentials.read, write: credentials.write, checkpoint: credentials.checkpoint },
    index: {
      sessions: async (filter, after, limit) => {
        const page: RecordedSessionRow[] = [];
        for (const row of ordered.from((one) => after !== null && newestFirst(one, after) <= 0)) {
          if (page.length === limit) break;
          if (matches(row, filter)) page.push(row);
        }
        return page;
      },
      session: async (sessionId) => sessions.get(streamName('session', sessionId)),
      credential: async (name) => known.get(name),
      endedCredentials: async (before, limit) =>
        endedBefore(before)
          .filter(({ redacted }) => !redacted)
          .slice(0, limit),
      position: async () => Math.min(sessions.position, credentials.position),
    },
    forget: async (time) => {
      const gone = [...ordered.from(() => false)].filter(({ endedAt }) => endedAt !== null && endedAt < time);
      const ended = endedBefore(time).filter(({ redacted }) => redacted);
      for (const row of gone) {
        ordered.delete(row);
        sessions.forget(streamName('session', row.sessionId));
      }
      for (const { name } of ended) {
        known.delete(name);
        credentials.forget(streamName('credential', name));
      }
      return gone.length + ended.length;
    },
  };
};

const matches = (row: RecordedSessionRow, { identity, tag, trace, from, to }: RecordedFilter): boolean =>
  (identity === null || row.publisher === identity || row.answerer === identity || row.visitors.includes(identity)) &&
  (tag === null || row.tags.includes(tag)) &&
  (trace === null || row.traces.includes(trace)) &&
  (from === null || row.publishedAt >= from) &&
  (to === null || row.publishedAt < to);
