import type { Refusal } from '@signalbox/domain';
import { type RecordedEvent, type StreamReader, streamName } from '@signalbox/event-sourcing';
import type { Fact, Verdict } from '@signalbox/verdict';
import { type Entry, entryOf } from './entry.ts';
import type { EventReader, ReadEvent } from './event-reader.ts';
import { folded, nothingYet } from './fold.ts';
import type { History } from './ports/history.ts';

const DAY = 24 * 3_600_000;

/** A session lives two days at most, and what happens to the server after another one tells nothing of its call. */
const DAYS_AROUND = 4;

/**
 * What is noticed so long after the end may still explain it: an answer that came too late. And a process that died is
 * started again within this time, as a rule; with it went what it had noticed last.
 */
const AFTERWARDS_MS = 5 * 60_000;
/** What was noticed is recorded within this time of it. */
const RECORDED_WITHIN_MS = 5_000;
/** From the first that a process writes to its telling that it has started. */
const STARTING_MS = 30_000;
/** An event of what was dropped speaks for so long after it: for sessions too that begin then. */
const SPEAKS_FOR_MS = 60_000;
/** How many events before a start are looked at, to see whether the log was silent before it. */
const LOOKED_BACK = 200;

export type SessionState = 'open' | 'answered' | 'withdrawn' | 'expired' | 'redacted' | 'unreadable';

export type Timeline = {
  readonly sessionId: string;
  /** Now; `unreadable` where its key was destroyed and nothing has recorded that yet. */
  readonly state: SessionState;
  /** Kept by the envelopes, so they are there after a redaction too. */
  readonly offerer: string | null;
  readonly answerer: string | null;
  readonly redacted: boolean;
  /**
   * Of the session, of what was seen around it, the starts of processes meanwhile and soon after it, and what tells that
   * something may not have been recorded; in position order.
   */
  readonly entries: readonly Entry[];
  /** What was refused, each kind once, in the order in which they began. */
  readonly refusals: readonly Refusal[];
  readonly verdict: Verdict;
};

export type CredentialTimeline = {
  readonly name: string;
  readonly state: 'active' | 'revoked' | 'expired' | 'redacted' | 'unreadable';
  readonly redacted: boolean;
  readonly entries: readonly Entry[];
};

/** What happened in a session, or to a credential, told by the log. Undefined where there never was one. */
export const createTimelines = (options: {
  readonly log: StreamReader;
  readonly history: Pick<History, 'readBack'>;
  readonly read: EventReader;
  readonly diagnose: (facts: readonly Fact[], now: number) => Verdict;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The names that the streams of operations have for a day: `2026-11-20`, in UTC. */
  readonly dateOf: (epochMs: number) => string;
}) => {
  const { log, history, read, diagnose, now, dateOf } = options;

  /** Whether nothing was recorded between a time and a process's start: then the one before it may have died at that time. */
  const isSilentSince = async (time: number, start: RecordedEvent): Promise<boolean> => {
    const before = await history.readBack(start.position, LOOKED_BACK);
    return !before.some(({ recordedAt }) => recordedAt > time && recordedAt < start.recordedAt - STARTING_MS);
  };

  /** What tells that the record of a session may have gaps: starts of processes, and observations that were dropped. */
  const around = async (from: number, to: number): Promise<readonly RecordedEvent[]> => {
    const days = Array.from({ length: DAYS_AROUND }, (_, day) => dateOf(from + day * DAY)).filter(
      (day) => day <= dateOf(Math.min(to + DAY, now())),
    );
    const dates = [...new Set([dateOf(from - SPEAKS_FOR_MS), ...days])];
    const found = await Promise.all(dates.map((date) => log.readStream(streamName('operations', date))));
    const events = found.flat();
    const starts = events.filter(({ type, recordedAt }) => type === 'ProcessStarted' && recordedAt >= from);
    const late = to + AFTERWARDS_MS;
    const next = starts.find(({ recordedAt }) => recordedAt > late);
    return [
      ...starts.filter(({ recordedAt }) => recordedAt <= late),
      ...(next && (await isSilentSince(to + RECORDED_WITHIN_MS, next)) ? [next] : []),
      ...events.filter((event) => event.type === 'ObservationsDropped' && overlaps(event, from, late)),
    ];
  };

  return {
    session: async (sessionId: string): Promise<Timeline | undefined> => {
      const [own, seen] = await Promise.all([
        log.readStream(streamName('session', sessionId)),
        log.readStream(streamName('observation', sessionId)),
      ]);
      const first = own[0];
      if (!first) return undefined;
      const end = own.find(({ type }) => ENDS.has(type))?.recordedAt ?? now();
      const gaps = await around(first.recordedAt, end);
      const events = await read([...own, ...seen, ...gaps].sort((a, b) => a.position - b.position));
      const actorOf = (type: string) => own.find((event) => event.type === type)?.metadata.actor ?? null;
      return {
        sessionId,
        state: stateOf(
          events.filter(({ recorded }) => recorded.stream === first.stream),
          now(),
        ),
        offerer: actorOf('OfferPublished'),
        answerer: actorOf('OfferAnswered'),
        redacted: own.some(({ type }) => type === 'SessionRedacted'),
        entries: events.map(entryOf),
        refusals: refusalsIn(events),
        verdict: diagnose(events.flatMap(factOf), now()),
      };
    },
    credential: async (name: string): Promise<CredentialTimeline | undefined> => {
      const events = await read(await log.readStream(streamName('credential', name)));
      if (events.length === 0) return undefined;
      const { state, isLost } = events.reduce(folded, nothingYet('credential'));
      const known = state as {
        readonly status: string;
        readonly how?: CredentialTimeline['state'];
        readonly expiresAt?: number;
      };
      const isDue = known.status === 'active' && now() >= (known.expiresAt ?? Number.POSITIVE_INFINITY);
      return {
        name,
        state: isLost ? 'unreadable' : (known.how ?? (isDue ? 'expired' : 'active')),
        redacted: events.some(({ recorded }) => recorded.type === 'CredentialRedacted'),
        entries: events.map(entryOf),
      };
    },
  };
};

export type Timelines = ReturnType<typeof createTimelines>;

/** Operations are never sealed. What can't be read says nothing. */
const overlaps = ({ data }: RecordedEvent, from: number, to: number): boolean => {
  try {
    const dropped = JSON.parse(Buffer.from(data).toString()) as { readonly from?: unknown; readonly to?: unknown };
    return Number(dropped.from) <= to && Number(dropped.to) >= from;
  } catch {
    return false;
  }
};

const ENDS: ReadonlySet<string> = new Set(['SessionWithdrawn', 'SessionExpired', 'SessionRedacted']);

/** What is due has expired, whether or not the event that says so has been recorded. */
const stateOf = (events: readonly ReadEvent[], now: number): SessionState => {
  const { state, isLost } = events.reduce(folded, nothingYet('session'));
  const known = state as {
    readonly status: 'open' | 'answered';
    readonly how?: SessionState;
    readonly expiresAt: number;
  };
  if (isLost) return 'unreadable';
  return known.how ?? (now >= known.expiresAt ? 'expired' : known.status);
};

const refusalsIn = (events: readonly ReadEvent[]): readonly Refusal[] => {
  const kinds = new Map<string, Refusal>();
  for (const { event } of events) {
    if (event?.type !== 'RefusalsCounted') continue;
    for (const refusal of event.data.refusals) {
      const kind = JSON.stringify([refusal.code, refusal.operation, refusal.identity, refusal.detail]);
      const before = kinds.get(kind);
      kinds.set(
        kind,
        before
          ? {
              ...before,
              count: before.count + refusal.count,
              firstAt: Math.min(before.firstAt, refusal.firstAt),
              lastAt: Math.max(before.lastAt, refusal.lastAt),
            }
          : refusal,
      );
    }
  }
  return [...kinds.values()].sort((a, b) => a.firstAt - b.firstAt);
};

/** Types that no version of the verdict knows are left out. */
const factOf = ({ recorded, plain, event }: ReadEvent): readonly Fact[] => {
  const { position, id, recordedAt, metadata, type } = recorded;
  if (event === null && plain !== null) return [];
  return [
    {
      ...{ position, eventId: id, at: recordedAt, actor: metadata.actor },
      event: (event ?? { type, data: null }) as Fact['event'],
    },
  ];
};
