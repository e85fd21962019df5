import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  ENVELOPE_COLUMNS,
  type EventBytes,
  type FlatValue,
  lengthOf,
  pushLengths,
  putBytes,
  uuidFromBytes,
  uuidToBytes,
} from './envelope.ts';
import { type SideRow, type SideValue, sideReads } from './side-tables.ts';

/** Events as they cross to the event loop: per event `VALUES_PER_EVENT` values, and the bytes of all in one buffer. */
export type PackedEvents = { readonly values: readonly FlatValue[]; readonly data: Uint8Array<ArrayBuffer> };

export type LivePositions = {
  /** The head when the reader looked; everything else is told of this same moment. */
  readonly position: number;
  readonly recordedAt: number | null;
  readonly since: number;
  /** Of every event of the streams that are alive or were closed late enough, in order. */
  readonly positions: Float64Array<ArrayBuffer>;
};

export type Read =
  | { readonly kind: 'stream'; readonly name: string; readonly from: number }
  /** `maxBytes` ends the page early, after at least one event. */
  | { readonly kind: 'all'; readonly after: number; readonly limit: number; readonly maxBytes: number }
  /** The newest first, strictly before a position. `maxBytes` ends the page early, after at least one event. */
  | { readonly kind: 'before'; readonly position: number; readonly limit: number; readonly maxBytes: number }
  /** The event with this id, or none. */
  | { readonly kind: 'id'; readonly id: string }
  /** The last position that was recorded at or before a time; 0 for none. */
  | { readonly kind: 'moment'; readonly time: number }
  | { readonly kind: 'live'; readonly closedSince: number }
  /** As many of these, in order, as fit into `maxBytes`, and at least one. */
  | { readonly kind: 'positions'; readonly positions: Float64Array<ArrayBuffer>; readonly maxBytes: number }
  | { readonly kind: 'side'; readonly statement: keyof typeof sideReads; readonly values: readonly SideValue[] };

export type ReadResult<R extends Read> = R extends { kind: 'live' }
  ? LivePositions
  : R extends { kind: 'side' }
    ? readonly SideRow[]
    : R extends { kind: 'moment' }
      ? Place
      : PackedEvents;

export type Place = { readonly position: number };

const COLUMNS = [
  'streams.name',
  'revision',
  'position',
  'recorded_at',
  'event_id',
  ...ENVELOPE_COLUMNS,
  'hash',
  'previous_hash',
  'data',
];

export const VALUES_PER_EVENT = COLUMNS.length;

/** Both `SELECT`s go by an index: see the test that asks SQLite for its plan. */
export const livePositionsSql = `
  SELECT position FROM streams CROSS JOIN events ON events.stream_id = streams.id WHERE closed_at IS NULL
  UNION ALL
  SELECT position FROM streams CROSS JOIN events ON events.stream_id = streams.id WHERE closed_at >= ?`;

/** Reads on a connection of its own, in a thread of its own: neither the event loop nor the writer waits for it. */
export const createReader = (db: DatabaseSync) => {
  const prepare = (sql: string): StatementSync => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  const events = (source: string, rest: string) =>
    prepare(`SELECT ${COLUMNS.map(qualified).join(', ')} FROM ${source} ${rest}`);
  const byPosition = 'events JOIN streams ON streams.id = events.stream_id';
  const ofStream = events(
    'streams JOIN events ON events.stream_id = streams.id',
    'WHERE streams.name = ? AND events.revision >= ? ORDER BY events.revision',
  );
  const afterPosition = events(byPosition, 'WHERE position > ? ORDER BY position LIMIT ?');
  const atPosition = events(byPosition, 'WHERE position = ?');
  const beforePosition = events(byPosition, 'WHERE position < ? ORDER BY position DESC LIMIT ?');
  const withId = events(byPosition, 'WHERE event_id = ?');
  const lastBefore = prepare('SELECT position FROM events WHERE position < ? ORDER BY position DESC LIMIT 1');
  const last = prepare('SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1');
  const firstFrom = prepare('SELECT position, recorded_at FROM events WHERE position >= ? ORDER BY position LIMIT 1');
  const livePositions = prepare(livePositionsSql);
  const sides = Object.fromEntries(Object.entries(sideReads).map(([name, sql]) => [name, prepare(sql)]));

  /** By halving: times never decrease with positions. */
  const firstNotBefore = (time: number, head: number): number => {
    let [low, high] = [1, head + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [position, recordedAt] = firstFrom.get(middle) as unknown as readonly [number, number];
      if (recordedAt >= time) high = middle;
      else low = position + 1;
    }
    const found = firstFrom.get(low) as unknown as readonly [number, number] | undefined;
    return found?.[0] ?? head + 1;
  };

  const lastNotAfter = (time: number): Place => {
    const [head] = (last.get() as unknown as readonly [number, number] | undefined) ?? [0];
    const found = lastBefore.get(firstNotBefore(time + 1, head)) as unknown as readonly [number] | undefined;
    return { position: found?.[0] ?? 0 };
  };

  const live = (closedSince: number): LivePositions => {
    db.exec('BEGIN');
    try {
      const [position, recordedAt] = (last.get() as unknown as readonly [number, number] | undefined) ?? [0, null];
      const rows = livePositions.all(closedSince) as unknown as readonly (readonly [number])[];
      const positions = Float64Array.from(rows, (row) => row[0]).sort();
      return { position, recordedAt, since: firstNotBefore(closedSince, position), positions };
    } finally {
      db.exec('COMMIT');
    }
  };

  function* atPositions(positions: Float64Array): Generator<Row, void> {
    for (const position of positions) yield atPosition.get(position) as unknown as Row;
  }

  return {
    read: (read: Read): PackedEvents | LivePositions | Place | readonly SideRow[] => {
      switch (read.kind) {
        case 'stream':
          return pack(ofStream.iterate(read.name, read.from) as Iterable<unknown> as Iterable<Row>, Infinity);
        case 'all':
          return pack(
            afterPosition.iterate(read.after, read.limit) as Iterable<unknown> as Iterable<Row>,
            read.maxBytes,
          );
        case 'positions':
          return pack(atPositions(read.positions), read.maxBytes);
        case 'before':
          return pack(
            beforePosition.iterate(read.position, read.limit) as Iterable<unknown> as Iterable<Row>,
            read.maxBytes,
          );
        case 'id':
          return pack(withId.iterate(uuidToBytes(read.id)) as Iterable<unknown> as Iterable<Row>, Infinity);
        case 'moment':
          return lastNotAfter(read.time);
        case 'live':
          return live(read.closedSince);
        case 'side':
          return sides[read.statement]?.all(...read.values) as unknown as readonly SideRow[];
      }
    },
  };
};

type Row = [...FlatValue[]];

const qualified = (column: string): string => (column === 'revision' ? 'events.revision' : column);

const EVENT_ID = COLUMNS.indexOf('event_id');
const BYTES = COLUMNS.indexOf('hash');

/** The id becomes text again, and the places of bytes are taken by their lengths. */
const pack = (rows: Iterable<Row>, maxBytes: number): PackedEvents => {
  const values: FlatValue[] = [];
  const parts: EventBytes[] = [];
  let total = 0;
  for (const row of rows) {
    const [hash, previousHash, data] = row.splice(BYTES) as [Uint8Array | null, Uint8Array | null, Uint8Array];
    const bytes = { data, hash, previousHash };
    row[EVENT_ID] = uuidFromBytes(row[EVENT_ID] as Uint8Array);
    values.push(...row);
    pushLengths(values, bytes);
    parts.push(bytes);
    total += lengthOf(bytes);
    if (total >= maxBytes) break;
  }
  const buffer = Buffer.allocUnsafeSlow(total);
  let end = 0;
  for (const part of parts) end = putBytes(buffer, end, part);
  return { values, data: buffer };
};
