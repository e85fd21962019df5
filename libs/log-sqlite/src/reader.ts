import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ENVELOPE_COLUMNS, type FlatValue, uuidFromBytes } from './envelope.ts';
import { type SideRow, type SideValue, sideReads } from './side-tables.ts';

/** Events as they cross to the event loop: per event `VALUES_PER_EVENT` values, and the data of all in one buffer. */
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
  | { readonly kind: 'live'; readonly closedSince: number }
  /** As many of these, in order, as fit into `maxBytes`, and at least one. */
  | { readonly kind: 'positions'; readonly positions: Float64Array<ArrayBuffer>; readonly maxBytes: number }
  | { readonly kind: 'side'; readonly statement: keyof typeof sideReads; readonly values: readonly SideValue[] };

export type ReadResult<R extends Read> = R extends { kind: 'live' }
  ? LivePositions
  : R extends { kind: 'side' }
    ? readonly SideRow[]
    : PackedEvents;

const COLUMNS = [
  'streams.name',
  'revision',
  'position',
  'recorded_at',
  'event_id',
  'hash',
  'previous_hash',
  ...ENVELOPE_COLUMNS,
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
    read: (read: Read): PackedEvents | LivePositions | readonly SideRow[] => {
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
const DATA = COLUMNS.indexOf('data');

/** The id becomes text again, and the data's place is taken by its length. */
const pack = (rows: Iterable<Row>, maxBytes: number): PackedEvents => {
  const values: FlatValue[] = [];
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const row of rows) {
    const data = row[DATA] as Uint8Array;
    row[EVENT_ID] = uuidFromBytes(row[EVENT_ID] as Uint8Array);
    row[DATA] = data.byteLength;
    values.push(...row);
    parts.push(data);
    total += data.byteLength;
    if (total >= maxBytes) break;
  }
  const buffer = Buffer.allocUnsafeSlow(total);
  let end = 0;
  for (const part of parts) {
    buffer.set(part, end);
    end += part.byteLength;
  }
  return { values, data: buffer };
};
