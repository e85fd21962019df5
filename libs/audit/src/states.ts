import { type StreamName, type StreamReader, streamName } from '@signalbox/event-sourcing';
import { type Json, stateHash } from './canonical-json.ts';
import type { EventReader } from './event-reader.ts';
import { folded, nothingYet, shownState } from './fold.ts';

/** Epoch milliseconds, or how far into the stream; null for now. */
export type Moment = { readonly at: number } | { readonly revision: number } | null;

export type StateAt = {
  /** The last event that counts. */
  readonly revision: number;
  readonly position: number;
  /** JSON; `status: 'unreadable'` where the key of what made it was destroyed. */
  readonly state: Json;
  readonly stateHash: string;
};

/**
 * The state of a session or a credential at a moment, folded from the log by the domain's own rules. Undefined when there
 * was nothing by then. What falls due counts from the event on that records it.
 */
export const createStates = ({ log, read }: { readonly log: StreamReader; readonly read: EventReader }) => {
  const stateAt = async (stream: StreamName, category: string, moment: Moment): Promise<StateAt | undefined> => {
    const events = (await log.readStream(stream)).filter(
      ({ recordedAt, revision }) =>
        moment === null || ('at' in moment ? recordedAt <= moment.at : revision <= moment.revision),
    );
    if (events.length === 0) return undefined;
    const end = (await read(events)).reduce(folded, nothingYet(category));
    const state = shownState(end);
    return { revision: end.revision, position: end.position, state, stateHash: stateHash(state) };
  };
  return {
    session: (sessionId: string, moment: Moment) => stateAt(streamName('session', sessionId), 'session', moment),
    credential: (name: string, moment: Moment) => stateAt(streamName('credential', name), 'credential', moment),
  };
};

export type States = ReturnType<typeof createStates>;
