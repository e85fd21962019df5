import type { EventLogWithLiveStreams, NewEvent, RecordedEvent, StreamName } from '@signalbox/event-sourcing';
import { BYTES_VALUES, bytesAt, type EventBytes, envelopeAt, type FlatValue, isUuid, lengthOf } from './envelope.ts';
import type { ReadQueue } from './read-queue.ts';
import { type PackedEvents, VALUES_PER_EVENT } from './reader.ts';
import type { SideTables } from './side-tables.ts';
import { createTail, follow } from './tail.ts';
import type { WriteQueue, Written } from './write-queue.ts';
import type { WriterReady } from './writer.worker.ts';

export type LogHealth = {
  /** False when the last commit failed, or a worker has died. */
  readonly ok: boolean;
  /** What is wrong, for an operator; null when nothing is. */
  readonly detail: string | null;
  /** Writes that were accepted and have no answer yet. */
  readonly waiting: number;
};

/**
 * Beyond the port: an event id is used once in the whole log, so an append that holds one of another stream is a
 * conflict; what is delivered at the tail holds the very `data` that was given to `append`; everything that one commit
 * has written is one delivery; and `append` resolves after its events were handed to the subscribers at the tail.
 */
export type SqliteLog = EventLogWithLiveStreams & {
  /** When the last event was recorded, as it was when the log was opened; null for an empty log. */
  readonly recordedAtOpening: number | null;
  health(): LogHealth;
  readonly sides: SideTables;
  /** The position of the last event that was recorded at or before a time (epoch milliseconds); 0 when there is none. */
  positionAt(time: number): Promise<number>;
  find(eventId: string): Promise<RecordedEvent | undefined>;
  /** At most `limit` events before a position, the newest first; fewer where they are large, none at the start only. */
  readBack(before: number, limit: number): Promise<readonly RecordedEvent[]>;
};

/** Pages that go from the disk to a subscriber: large enough to be fast, small enough not to be felt. */
const PAGE_EVENTS = 1_000;
const PAGE_BYTES = 4 << 20;

/** The log on its two workers, which have just been started and are at `ready`. */
export const createLog = (options: {
  readonly ready: WriterReady;
  readonly startWriting: (onCommitted: (written: readonly Written[]) => void) => WriteQueue;
  readonly reader: ReadQueue;
  readonly now: () => number;
}): SqliteLog => {
  const { ready, reader, now } = options;
  const tail = createTail(ready.head);
  let recordedAt = ready.recordedAt ?? 0;

  const writer = options.startWriting((written) => {
    const last = written.at(-1);
    if (last) tail.moveTo(last.position, tail.followed ? written.flatMap(recorded) : []);
  });

  const readPage = async (after: number): Promise<readonly RecordedEvent[]> =>
    unpack(await reader.read({ kind: 'all', after, limit: PAGE_EVENTS, maxBytes: PAGE_BYTES }));

  async function* pagesAt(positions: Float64Array<ArrayBuffer>): AsyncGenerator<readonly RecordedEvent[], void> {
    for (let start = 0; start < positions.length; ) {
      const some = positions.slice(start, start + PAGE_EVENTS);
      const page = unpack(await reader.read({ kind: 'positions', positions: some, maxBytes: PAGE_BYTES }));
      start += page.length;
      yield page;
    }
  }

  return {
    id: ready.logId,
    supports: { durable: true, liveStreams: true },
    recordedAtOpening: ready.recordedAt,
    append: (stream, events, expected, { closes = false } = {}) => {
      const mistake = mistakeIn(events);
      if (mistake) return Promise.reject(new RangeError(mistake));
      recordedAt = Math.max(recordedAt, now());
      return writer.append({ stream, events, expected, closes, recordedAt });
    },
    readStream: async (stream, { from = 0 } = {}) => unpack(await reader.read({ kind: 'stream', name: stream, from })),
    readAll: async (after, limit) => unpack(await reader.read({ kind: 'all', after, limit, maxBytes: Infinity })),
    head: async () => tail.head,
    subscribeAll: (after, { signal }) => follow(tail, after, signal, readPage),
    // Events never change, so the positions are all that has to be taken in one moment.
    readLive: async ({ closedSince }) => {
      const { positions, ...rest } = await reader.read({ kind: 'live', closedSince });
      return { ...rest, pages: pagesAt(positions) };
    },
    sides: {
      write: (statement, values) => writer.write({ statement, values }),
      read: (statement, values) => reader.read({ kind: 'side', statement, values }),
    },
    positionAt: async (time) => (await reader.read({ kind: 'moment', time: Math.floor(time) })).position,
    find: async (eventId) => (isUuid(eventId) ? unpack(await reader.read({ kind: 'id', id: eventId }))[0] : undefined),
    readBack: async (before, limit) => {
      const position = Math.min(before, Number.MAX_SAFE_INTEGER);
      return unpack(await reader.read({ kind: 'before', position, limit, maxBytes: PAGE_BYTES }));
    },
    health: () => {
      const fault = writer.fault ?? reader.fault;
      return { ok: fault === null, detail: fault?.message ?? null, waiting: writer.waiting };
    },
    close: async () => {
      const written = writer.close();
      tail.end();
      await reader.close();
      await written;
    },
  };
};

/** An append's events as the log has recorded them. `data` is the very array that was given to `append`. */
const recorded = ({ append, revision, position }: Written): readonly RecordedEvent[] => {
  const before = append.events.length - 1;
  return append.events.map((event, index) => ({
    id: event.id,
    stream: append.stream,
    revision: revision - before + index,
    position: position - before + index,
    recordedAt: append.recordedAt,
    type: event.type,
    schemaVersion: event.schemaVersion,
    data: event.data,
    keyId: event.keyId,
    metadata: event.metadata,
    hash: event.hash,
    previousHash: event.previousHash,
  }));
};

export const unpack = ({ values, data }: PackedEvents): readonly RecordedEvent[] => {
  const events: RecordedEvent[] = [];
  let end = 0;
  for (let at = 0; at < values.length; at += VALUES_PER_EVENT) {
    const bytes = bytesAt(values, at + VALUES_PER_EVENT - BYTES_VALUES, data, end);
    end += lengthOf(bytes);
    events.push(eventAt(values, at, bytes));
  }
  return events;
};

const eventAt = (values: readonly FlatValue[], at: number, bytes: EventBytes): RecordedEvent => ({
  stream: values[at] as StreamName,
  revision: values[at + 1] as number,
  position: values[at + 2] as number,
  recordedAt: values[at + 3] as number,
  id: values[at + 4] as string,
  ...envelopeAt(values, at + 5),
  ...bytes,
});

const mistakeIn = (events: readonly NewEvent[]): string | undefined => {
  if (events.length === 0) return 'An append needs at least one event.';
  const wrong = events.find((event) => !isUuid(event.id));
  if (wrong) return `An event id is a UUID in lower case, not ${wrong.id}.`;
  if (events.length > 1 && new Set(events.map((event) => event.id)).size < events.length) {
    return 'An append holds each event id once.';
  }
  return undefined;
};
