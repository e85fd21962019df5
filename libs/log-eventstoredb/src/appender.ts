import { type AppendExpectedRevision, ErrorType, type EventData, NO_STREAM } from '@eventstore/db-client';
import {
  type AppendResult,
  LogUnavailable,
  type NewEvent,
  type RecordedEvent,
  type StreamName,
  sequentialByKey,
} from '@signalbox/event-sourcing';
import { call } from './attempts.ts';
import { positionAt, storedForm } from './envelope.ts';
import { kindOf } from './errors.ts';
import type { LogContext } from './log-context.ts';
import { readEvents } from './reading.ts';

/** An append goes to the server in one message: in several it would have to wait for room between them. */
const MAX_MESSAGE_BYTES = 15 << 20;

/** How often an append to any revision may lose the race for its stream. */
const MAX_RACES = 50;

type Expected = number | 'no_stream';

/**
 * Appends in their stored form at an exact revision. The same ids at the same place are found by the server however
 * late they come again, so an answer that was lost is had by asking again.
 */
export const appendExactly = (
  { around, identity, prefix, recorded }: LogContext,
  stream: StreamName,
  events: readonly EventData[],
  expected: Expected,
): Promise<AppendResult> => {
  const name = prefix + stream;
  const expectedRevision: AppendExpectedRevision = expected === 'no_stream' ? NO_STREAM : BigInt(expected);
  return call(
    around,
    `appending to ${stream}`,
    async (client, alive): Promise<AppendResult> => {
      try {
        const { nextExpectedRevision, position } = await client.appendToStream(name, [...events], {
          expectedRevision,
          requiresLeader: true,
          batchAppendSize: MAX_MESSAGE_BYTES,
          deadline: around.patience.attemptMs,
        });
        const revision = Number(nextExpectedRevision);
        // The server may not say where it found ids that it had, and where an imported event is tells only the event.
        if (position && position.commit > identity.importedTo) {
          return { kind: 'appended', revision, position: positionAt(identity, position.commit) };
        }
        alive();
        const [found] = await readEvents(client, name, { from: revision, maxCount: 1 }, alive);
        if (!found?.event) throw new LogUnavailable(`Event ${revision} of ${stream} was appended and is not there.`);
        return { kind: 'appended', revision, position: recorded(found.event).position };
      } catch (error) {
        const actual = actualRevision(error);
        if (actual === null) throw error;
        return { kind: 'conflict', actual };
      }
    },
    around.connection.inWindow,
  );
};

/** The revision that the stream has, of the client's error for a wrong expected one; null for any other error. */
const actualRevision = (error: unknown): number | 'no_stream' | null => {
  if (kindOf(error) !== ErrorType.WRONG_EXPECTED_VERSION) return null;
  const { actualVersion } = error as { readonly actualVersion?: bigint | 'no_stream' };
  return actualVersion === undefined || actualVersion === 'no_stream' ? 'no_stream' : Number(actualVersion);
};

export const createAppender = (
  log: LogContext,
  readStream: (stream: StreamName) => Promise<readonly RecordedEvent[]>,
) => {
  const inTurn = sequentialByKey<StreamName>();

  /**
   * The server's own `any` finds repeated ids only in its memory, which a restart empties, and in any order. So the
   * stream is read, and the append made at the revision that was found.
   */
  const appendAnywhere = async (stream: StreamName, events: readonly NewEvent[]): Promise<AppendResult> => {
    for (let races = 0; races < MAX_RACES; races++) {
      const history = await readStream(stream);
      const last = history.at(-1)?.revision ?? ('no_stream' as const);
      const known = new Set(history.map(({ id }) => id));
      if (events.some(({ id }) => known.has(id))) {
        return repeatOf(history, events) ?? { kind: 'conflict', actual: last };
      }
      const result = await appendExactly(log, stream, events.map(storedForm), last);
      if (result.kind === 'appended') return result;
    }
    throw new LogUnavailable(`Others kept appending to ${stream} first.`);
  };

  return (stream: StreamName, events: readonly NewEvent[], expected: Expected | 'any'): Promise<AppendResult> =>
    expected === 'any'
      ? inTurn(stream, () => appendAnywhere(stream, events))
      : appendExactly(log, stream, events.map(storedForm), expected);
};

/** The first result, when the stream holds exactly these events in a row. */
const repeatOf = (history: readonly RecordedEvent[], events: readonly NewEvent[]): AppendResult | null => {
  const start = history.findIndex(({ id }) => id === events[0]?.id);
  const found = history.slice(start, start + events.length);
  const last = found.at(-1);
  const same = start !== -1 && events.every(({ id }, index) => found[index]?.id === id);
  return same && last ? { kind: 'appended', revision: last.revision, position: last.position } : null;
};
