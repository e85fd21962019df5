import type { CredentialEvent, SessionEvent } from '@signalbox/domain';
import { idOf, type Projection, type Seen } from '@signalbox/event-sourcing';
import type { RecordedCredentialRow, RecordedSessionRow } from '../rows.ts';

/** Trace ids that are remembered of a session: each party's first requests are among them. */
const MAX_TRACES = 8;

type Row = RecordedSessionRow;

const traced = (row: Row, { metadata }: Pick<Seen<SessionEvent>, 'metadata'>): Row => {
  const trace = metadata.trace?.split('-')[1];
  if (trace === undefined || row.traces.length >= MAX_TRACES || row.traces.includes(trace)) return row;
  return { ...row, traces: [...row.traces, trace] };
};

const withNew = (list: readonly string[], more: readonly string[]): readonly string[] => [
  ...new Set([...list, ...more]),
];

/** Changes a row that is there, and remembers the trace of the request. */
const changed =
  <E extends SessionEvent>(change: (row: Row, event: E) => Row) =>
  (row: Row | undefined, seen: Seen<E>) => ({ row: row && traced(change(row, seen.event), seen) });

/** Sessions as they were recorded, by whom and when: what audits and erasures find them by. */
export const recordedSessions: Projection<SessionEvent, RecordedSessionRow> = {
  name: 'recorded-sessions@1',
  category: 'session',
  on: {
    OfferPublished: (_, seen) => {
      const { publisher, tags, service, publishedAt } = seen.event.data;
      const sessionId = idOf(seen.stream);
      const rest = { answerer: null, visitors: [], traces: [], endedAt: null, state: 'open', redacted: false } as const;
      return { row: traced({ sessionId, publisher, tags, service, publishedAt, ...rest }, seen) };
    },
    SessionRetagged: changed((row, { data }) => ({ ...row, tags: withNew(row.tags, data.tags) })),
    OfferAnswered: changed((row, { data }) => ({ ...row, answerer: data.answerer, state: 'answered' })),
    CandidatesAdded: changed((row) => row),
    CandidatesHeld: changed((row, { data }) => ({ ...row, visitors: withNew(row.visitors, [data.identity]) })),
    SessionWithdrawn: changed((row, { data }) => ({ ...row, endedAt: data.withdrawnAt, state: 'withdrawn' })),
    SessionExpired: changed((row, { data }) => ({ ...row, endedAt: data.dueAt, state: 'expired' })),
    SessionRedacted: (row, { event }) => ({
      row: row && {
        ...row,
        ...{ tags: [], service: null, redacted: true },
        ...(row.endedAt === null && { endedAt: event.data.redactedAt, state: 'redacted' }),
      },
    }),
  },
};

/** Credentials as they were recorded. */
export const recordedCredentials: Projection<CredentialEvent, RecordedCredentialRow> = {
  name: 'recorded-credentials@1',
  category: 'credential',
  on: {
    CredentialIssued: (_, { stream, event }) => ({
      row: { name: idOf(stream), issuedAt: event.data.issuedAt, endedAt: null, redacted: false },
    }),
    CredentialRotated: 'ignored',
    CredentialRenewed: 'ignored',
    CredentialRevoked: (row, { event }) => ({ row: row && { ...row, endedAt: event.data.revokedAt } }),
    CredentialExpired: (row, { event }) => ({ row: row && { ...row, endedAt: event.data.dueAt } }),
    CredentialRedacted: (row, { event }) => ({
      row: row && { ...row, endedAt: row.endedAt ?? event.data.redactedAt, redacted: true },
    }),
  },
};
