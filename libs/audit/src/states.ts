import { type RecordedEvent, type StreamName, type StreamReader, streamName } from '@signalbox/event-sourcing';
import { type Json, stateHash } from './canonical-json.ts';
import type { EventReader } from './event-reader.ts';
import { type Folded, folded, nothingYet, shownState } from './fold.ts';

/** Epoch milliseconds, or how far into the stream; null for now. */
export type Moment = { readonly at: number } | { readonly revision: number } | null;

export type StateAt = {
  /** The last event that counts. */
  readonly revision: number;
  readonly position: number;
  /** JSON; `status: 'unreadable'` where the key of what made it was destroyed. */
  readonly state: Json;
  readonly stateHash: string;
  /** When it was to end by itself, epoch milliseconds; null where it had ended, or cannot be read. */
  readonly dueAt: number | null;
  /** It was past that at the moment asked for: the log did not say so yet, and nobody could use it any more. */
  readonly overdue: boolean;
};

/**
 * The state of a session or a credential at a moment, folded from the log by the domain's own rules: what the log had
 * recorded by then. What had fallen due and was not recorded yet is `overdue`. Undefined where there was nothing yet.
 */
export const createStates = ({
  log,
  read,
  now,
}: {
  readonly log: StreamReader;
  readonly read: EventReader;
  /** Epoch milliseconds. */
  readonly now: () => number;
}) => {
  const timeOf = (moment: Moment, last: RecordedEvent | undefined): number => {
    if (moment === null) return now();
    return 'at' in moment ? moment.at : (last?.recordedAt ?? 0);
  };

  const stateAt = async (stream: StreamName, category: string, moment: Moment): Promise<StateAt | undefined> => {
    const events = (await log.readStream(stream)).filter(
      ({ recordedAt, revision }) =>
        moment === null || ('at' in moment ? recordedAt <= moment.at : revision <= moment.revision),
    );
    if (events.length === 0) return undefined;
    const end = (await read(events)).reduce(folded, nothingYet(category));
    const state = shownState(end);
    const dueAt = dueTimeOf(end);
    const overdue = dueAt !== null && timeOf(moment, events.at(-1)) >= dueAt;
    return { revision: end.revision, position: end.position, state, stateHash: stateHash(state), dueAt, overdue };
  };
  return {
    session: (sessionId: string, moment: Moment) => stateAt(streamName('session', sessionId), 'session', moment),
    credential: (name: string, moment: Moment) => stateAt(streamName('credential', name), 'credential', moment),
  };
};

/** What has ended is due no more. */
const dueTimeOf = ({ state, isLost }: Folded): number | null => {
  const { status, expiresAt } = (state ?? {}) as { readonly status?: string; readonly expiresAt?: number };
  return !isLost && status !== 'ended' && typeof expiresAt === 'number' ? expiresAt : null;
};

export type States = ReturnType<typeof createStates>;
