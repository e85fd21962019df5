import type { ExpectedRevision, NewEvent, StreamName } from '@signalbox/event-sourcing';
import {
  BYTES_VALUES,
  bytesAt,
  ENVELOPE_COLUMNS,
  type EventBytes,
  type FlatValue,
  lengthOf,
  pushEnvelope,
  pushLengths,
  putBytes,
} from './envelope.ts';
import type { SideWrite } from './side-tables.ts';

export type Append = {
  readonly stream: StreamName;
  readonly events: readonly NewEvent[];
  readonly expected: ExpectedRevision;
  readonly closes: boolean;
  /** Epoch milliseconds, never smaller than that of an earlier append. */
  readonly recordedAt: number;
};

/** Some appends and side writes on their way to the writer. */
export type Batch = {
  /** Per append its head, then per event its id, the lengths of its bytes, and its envelope. */
  readonly values: readonly FlatValue[];
  /** The data and hashes of all events, one after another. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly sides: readonly SideWrite[];
};

/** An append as the writer takes it out of a batch; each event's envelope is in the order of its columns. */
export type UnpackedAppend = Omit<Append, 'events' | 'stream'> & {
  readonly stream: string;
  readonly events: readonly (EventBytes & { readonly id: string; readonly envelope: readonly FlatValue[] })[];
};

const HEAD = 5;
const ENVELOPE = 1 + BYTES_VALUES;
const PER_EVENT = ENVELOPE + ENVELOPE_COLUMNS.length;

/** `data` is a buffer of its own: it can be handed over to the worker instead of being copied again. */
export const packBatch = (appends: readonly Append[], sides: readonly SideWrite[]): Batch => {
  const values: FlatValue[] = [];
  const data = Buffer.allocUnsafeSlow(dataBytes(appends));
  let end = 0;
  for (const append of appends) {
    values.push(append.stream, append.expected, append.closes ? 1 : 0, append.recordedAt, append.events.length);
    for (const event of append.events) {
      values.push(event.id);
      pushLengths(values, event);
      pushEnvelope(values, event);
      end = putBytes(data, end, event);
    }
  }
  return { values, data, sides: sides.map(({ statement, values }) => ({ statement, values })) };
};

export function* unpackAppends({ values, data }: Batch): Generator<UnpackedAppend, void> {
  let at = 0;
  let end = 0;
  while (at < values.length) {
    const [stream, expected, closes, recordedAt, count] = values.slice(at, at + HEAD);
    at += HEAD;
    const events = [];
    for (let index = 0; index < Number(count); index++) {
      const bytes = bytesAt(values, at + 1, data, end);
      end += lengthOf(bytes);
      events.push({ id: String(values[at]), envelope: values.slice(at + ENVELOPE, at + PER_EVENT), ...bytes });
      at += PER_EVENT;
    }
    yield {
      stream: String(stream),
      expected: expected as ExpectedRevision,
      closes: closes === 1,
      recordedAt: Number(recordedAt),
      events,
    };
  }
}

const dataBytes = (appends: readonly Append[]): number => {
  let total = 0;
  for (const append of appends) for (const event of append.events) total += lengthOf(event);
  return total;
};

/** What became of the appends of one transaction: three numbers for each, in order. */
export type Outcomes = Float64Array<ArrayBuffer>;

/** The first of the three; the others are the revision and the position that the append's result names. */
export const WRITTEN = 0;
/** The stream held the very ids already: the numbers are those of the first time. */
export const REPEATED = 1;
/** The second number is the actual revision, -1 for no stream. */
export const CONFLICT = 2;
/** It could not be written for a reason of its own, which `Committed.mistakes` gives. */
export const MISTAKEN = 3;

export type Committed = {
  readonly kind: 'committed';
  /** How many batches went into the transaction. */
  readonly batches: number;
  readonly outcomes: Outcomes;
  /** By the append's index in the transaction. */
  readonly mistakes: ReadonlyMap<number, Error>;
  /** Rows changed, or why there are none, for each side write in order. */
  readonly sides: readonly (number | Error)[];
};

/** Nothing of the transaction was written. */
export type Failed = { readonly kind: 'failed'; readonly batches: number; readonly error: Error };
