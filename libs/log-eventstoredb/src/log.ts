import { type EventLog, LogUnavailable, type NewEvent, type RecordedEvent } from '@signalbox/event-sourcing';
import { createAppender } from './appender.ts';
import { CannotOpenLog } from './errors.ts';
import type { Identity } from './identity.ts';
import { readIdentity, writeOpened } from './identity.ts';
import { contextOf } from './log-context.ts';
import { createReader } from './reader.ts';
import { type Session, type StoreOptions, startSession } from './session.ts';
import { subscribe } from './subscription.ts';
import { createUnderWay } from './under-way.ts';

export type EventStoreLog = EventLog & {
  /** What is wrong with the connection, for an operator and for `/ready`; null while it is well. */
  fault(): string | null;
  /** Appends that have been accepted and have no answer yet. */
  waiting(): number;
  /**
   * At most `limit` events before the position of an event, or before `Infinity`, the newest first; fewer where they are
   * large, none at the start only.
   */
  readBack(before: number, limit: number): Promise<readonly RecordedEvent[]>;
};

export type EventStoreLogOptions = StoreOptions & {
  /** Names a log that is new. */
  readonly newLogId: () => string;
  /** The categories of the streams that are delivered. Anything else in the store is left alone. */
  readonly categories?: readonly string[];
};

export const CATEGORIES = ['session', 'observation', 'credential', 'operations'] as const;

/**
 * Opens the log in an EventStoreDB, and makes it when there is none. Rejects with `CannotOpenLog` when a person has to
 * do something, and with `LogUnavailable` when the server does not answer.
 */
export const openEventStoreLog = async (options: EventStoreLogOptions): Promise<EventStoreLog> => {
  const session = await startSession(options);
  try {
    const identity = await identify(session, options.newLogId);
    return createLog(session, identity, options.categories ?? CATEGORIES);
  } catch (error) {
    await session.end();
    throw error;
  }
};

const identify = async ({ around, prefix }: Session, newLogId: () => string): Promise<Identity> => {
  const found = await readIdentity(around, prefix);
  if (!found) await writeOpened(around, prefix, { logId: newLogId(), base: 0 });
  // Where two open a new log at once, both take the one that was written.
  const identity = found ?? (await readIdentity(around, prefix));
  if (!identity) throw new LogUnavailable('The log was opened and is not there.');
  if (identity.state !== 'importing') return identity;
  throw new CannotOpenLog(
    'IMPORT_UNFINISHED',
    `The import of log ${identity.logId} into this EventStoreDB has not been finished. Run the same import again: it ` +
      'goes on where it was interrupted.',
  );
};

const createLog = (session: Session, identity: Identity, categories: readonly string[]): EventStoreLog => {
  const log = contextOf(session.around, identity, session.prefix, categories);
  const reader = createReader(log);
  const append = createAppender(log, (stream) => reader.readStream(stream));
  const ending = new AbortController();
  const appends = createUnderWay();
  const reads = createUnderWay();

  /** Reads that have begun are finished before the connection is given back. */
  const reading = <T>(read: () => Promise<T>): Promise<T> =>
    ending.signal.aborted ? Promise.reject(closed()) : reads.add(read());

  const close = async () => {
    ending.abort();
    await Promise.all([appends.settled(), reads.settled()]);
    await session.end();
  };
  let closing: Promise<void> | null = null;

  return {
    id: identity.logId,
    supports: { durable: true, liveStreams: false },
    append: (stream, events, expected) => {
      const mistake = mistakeIn(events);
      if (mistake) return Promise.reject(new RangeError(mistake));
      if (ending.signal.aborted) return Promise.reject(closed());
      return appends.add(append(stream, events, expected));
    },
    readStream: (stream, { from } = {}) => reading(() => reader.readStream(stream, from)),
    readAll: (after, limit) => reading(() => reader.readAll(after, limit)),
    readBack: (before, limit) => reading(() => reader.readBack(before, limit)),
    head: () => reading(reader.head),
    subscribeAll: (after, { signal }) => subscribe(log, reader.head, after, AbortSignal.any([signal, ending.signal])),
    fault: session.fault,
    waiting: () => appends.count,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
};

const closed = (): LogUnavailable => new LogUnavailable('The log has been closed.');

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const mistakeIn = (events: readonly NewEvent[]): string | undefined => {
  if (events.length === 0) return 'An append needs at least one event.';
  const wrong = events.find((event) => !UUID.test(event.id));
  if (wrong) return `An event id is a UUID in lower case, not ${wrong.id}.`;
  if (new Set(events.map((event) => event.id)).size < events.length) return 'An append holds each event id once.';
  return undefined;
};
