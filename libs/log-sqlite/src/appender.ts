import type { DatabaseSync } from 'node:sqlite';
import { CONFLICT, REPEATED, type UnpackedAppend, WRITTEN } from './batch.ts';
import { ENVELOPE_COLUMNS, uuidFromBytes, uuidToBytes } from './envelope.ts';

export type Outcome = {
  readonly kind: typeof WRITTEN | typeof REPEATED | typeof CONFLICT;
  readonly revision: number;
  readonly position: number;
};

type StreamRow = { readonly id: number; readonly revision: number; readonly closedAt: number | null };

/** SQLite's extended result code for a value that a unique index holds already. */
const SQLITE_CONSTRAINT_UNIQUE = 2067;

/**
 * Writes appends within a transaction that its caller begins and ends. Positions are numbered here, by one writer, so
 * they are in the order of the commits and grow by one.
 */
export const createAppender = (db: DatabaseSync) => {
  const selectStream = db.prepare('SELECT id, revision, closed_at FROM streams WHERE name = ?');
  const insertStream = db.prepare('INSERT INTO streams (id, name, revision, closed_at) VALUES (?, ?, ?, ?)');
  const updateRevision = db.prepare('UPDATE streams SET revision = ? WHERE id = ?');
  const updateClosing = db.prepare('UPDATE streams SET revision = ?, closed_at = ? WHERE id = ?');
  const insertEvent = db.prepare(
    `INSERT INTO events (position, stream_id, revision, recorded_at, event_id, ${ENVELOPE_COLUMNS.join(', ')}, hash, previous_hash, data)
     VALUES (${Array(8 + ENVELOPE_COLUMNS.length)
       .fill('?')
       .join(', ')})`,
  );
  const deleteFrom = db.prepare('DELETE FROM events WHERE position >= ?');
  const selectRun = db.prepare(
    'SELECT event_id, position FROM events WHERE stream_id = ? AND revision >= ? ORDER BY revision LIMIT ?',
  );
  const selectById = db.prepare('SELECT stream_id, revision FROM events WHERE event_id = ?');
  for (const statement of [selectStream, selectRun, selectById]) statement.setReturnArrays(true);

  /** The numbers that come next: counted here, because nobody else writes. */
  const next = {
    position: Number(db.prepare('SELECT max(position) AS max FROM events').get()?.max ?? 0) + 1,
    stream: Number(db.prepare('SELECT max(id) AS max FROM streams').get()?.max ?? 0) + 1,
  };

  const findStream = (name: string): StreamRow | undefined => {
    const row = selectStream.get(name) as unknown as readonly [number, number, number | null] | undefined;
    return row && { id: row[0], revision: row[1], closedAt: row[2] };
  };

  /** The position of the last of these events, when the stream holds exactly them from this revision on. */
  const heldFrom = (stream: StreamRow, revision: number, ids: readonly string[]): number | undefined => {
    const rows = selectRun.all(stream.id, revision, ids.length) as unknown as readonly [Uint8Array, number][];
    if (rows.length < ids.length || rows.some(([id], index) => uuidFromBytes(id) !== ids[index])) return undefined;
    return rows.at(-1)?.[1];
  };

  /** The revision at which a repeat of this append would begin. */
  const startOfRepeat = (append: UnpackedAppend, stream: StreamRow): number | undefined => {
    if (append.expected !== 'any') return revisionOf(append.expected) + 1;
    const row = selectById.get(uuidToBytes(append.events[0]?.id ?? '')) as unknown as
      | readonly [number, number]
      | undefined;
    return row?.[0] === stream.id ? row[1] : undefined;
  };

  const repeatOf = (append: UnpackedAppend, stream: StreamRow): Outcome | undefined => {
    const start = startOfRepeat(append, stream);
    if (start === undefined || start > stream.revision) return undefined;
    const position = heldFrom(
      stream,
      start,
      append.events.map((event) => event.id),
    );
    return position === undefined
      ? undefined
      : { kind: REPEATED, revision: start + append.events.length - 1, position };
  };

  const write = (append: UnpackedAppend, stream: StreamRow | undefined): Outcome => {
    const id = stream?.id ?? next.stream;
    let revision = stream?.revision ?? -1;
    let position = next.position - 1;
    for (const { id: eventId, envelope, hash, previousHash, data } of append.events) {
      const place = [++position, id, ++revision, append.recordedAt] as const;
      insertEvent.run(...place, uuidToBytes(eventId), ...envelope, hash, previousHash, data);
    }
    const closedAt = append.closes ? append.recordedAt : null;
    if (!stream) insertStream.run(id, append.stream, revision, closedAt);
    // An alive stream that stays alive leaves the index of closings alone.
    else if (stream.closedAt === null && closedAt === null) updateRevision.run(revision, id);
    else updateClosing.run(revision, closedAt, id);
    next.position = position + 1;
    if (!stream) next.stream = id + 1;
    return { kind: WRITTEN, revision, position };
  };

  return {
    /** Call it as a transaction begins. What it gives is called when the transaction failed: the numbers are free again. */
    mark: (): (() => void) => {
      const before = { ...next };
      return () => void Object.assign(next, before);
    },
    /**
     * Writes an append whole or not at all. Throws what SQLite throws; the transaction can go on afterwards, unless the
     * fault was the database's and not the append's.
     */
    append: (append: UnpackedAppend): Outcome => {
      const stream = findStream(append.stream);
      const actual = stream?.revision ?? -1;
      const conflict: Outcome = { kind: CONFLICT, revision: actual, position: 0 };
      const asExpected = append.expected === 'any' || revisionOf(append.expected) === actual;
      const repeat = stream && (append.expected === 'any' || !asExpected) ? repeatOf(append, stream) : undefined;
      if (repeat) return repeat;
      if (!asExpected) return conflict;
      const first = next.position;
      try {
        return write(append, stream);
      } catch (error) {
        if (!db.isTransaction) throw error;
        deleteFrom.run(first);
        // One of the ids has been used, elsewhere or earlier: the log writes an id once.
        if (isUsedEventId(error)) return conflict;
        throw error;
      }
    },
  };
};

const revisionOf = (expected: number | 'no_stream'): number => (expected === 'no_stream' ? -1 : expected);

const isUsedEventId = (error: unknown): boolean =>
  error instanceof Error &&
  'errcode' in error &&
  error.errcode === SQLITE_CONSTRAINT_UNIQUE &&
  error.message.includes('events.event_id');
