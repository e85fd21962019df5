import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { EventLog } from '@signalbox/event-sourcing';
import { openForReading, resultCode } from './database.ts';
import { CannotOpenLog } from './errors.ts';
import { unpack } from './log.ts';
import { createReader, type Read } from './reader.ts';

/** What a stored log holds, for tools. Each question is answered from the log as it is at that moment. */
export type SqliteLogReader = Pick<EventLog, 'id' | 'readStream' | 'readAll' | 'head' | 'close'> & {
  /**
   * What is wrong with the file although its events can be read: indexes that do not match their table, a stream whose
   * last revision is not that of its last event, an event without a stream. `position` is where it shows first, or
   * null where it has none. Reads the whole file.
   */
  flaws(): readonly { readonly position: number | null; readonly what: string }[];
};

/** SQLite's result codes for a file that is no database, and for one that is damaged. */
const NOT_READABLE = new Set<number | undefined>([11, 26]);

/**
 * Opens a log that may be in use by a server, only to read. Nothing is written and no lock is held between questions,
 * so the server notices nothing. It runs in the thread of its caller: for a command, not for a service. Throws
 * `CannotOpenLog` where there is no log.
 */
export const openSqliteLogForReading = (options: { readonly path: string }): SqliteLogReader => {
  const path = resolve(options.path);
  if (!existsSync(path)) throw new CannotOpenLog('LOG_CANNOT_OPEN', `There is no log at ${path}.`);
  const db = openForReading(path);
  try {
    return readerOf(db);
  } catch (error) {
    db.close();
    if (NOT_READABLE.has(resultCode(error)) || isMissingTable(error)) {
      throw new CannotOpenLog('NOT_A_LOG', `${path} is no log of Signalbox, or is damaged.`, { cause: error });
    }
    throw error;
  }
};

/** The reader on a connection that is the caller's; `close` closes it. */
export const readerOf = (db: DatabaseSync): SqliteLogReader => {
  const id = db.prepare(`SELECT value FROM meta WHERE name = 'log_id'`).get()?.value;
  const reader = createReader(db);
  const last = db.prepare('SELECT max(position) AS head FROM events');
  const events = (read: Read & { readonly kind: 'all' | 'stream' }) =>
    unpack(reader.read(read) as Parameters<typeof unpack>[0]);
  return {
    id: String(id),
    readAll: async (after, limit) => events({ kind: 'all', after, limit, maxBytes: Infinity }),
    readStream: async (stream, { from = 0 } = {}) => events({ kind: 'stream', name: stream, from }),
    head: async () => Number(last.get()?.head ?? 0),
    flaws: () => [...disagreements(db), ...corruption(db)],
    close: async () => db.close(),
  };
};

function* disagreements(db: DatabaseSync) {
  const orphans = db.prepare(
    'SELECT position FROM events WHERE stream_id NOT IN (SELECT id FROM streams) ORDER BY position LIMIT 1',
  );
  for (const row of orphans.all()) {
    yield { position: Number(row.position), what: 'the event belongs to no stream, and is not read' };
  }
  const wrong = db.prepare(
    `SELECT name, streams.revision AS said, max(events.revision) AS found, max(position) AS position
     FROM streams LEFT JOIN events ON events.stream_id = streams.id
     GROUP BY streams.id HAVING said IS NOT found ORDER BY position LIMIT 1`,
  );
  for (const { name, said, found, position } of wrong.all()) {
    yield {
      position: position === null ? null : Number(position),
      what: `stream ${name} is said to end at revision ${said}, and its last event has ${found ?? 'none'}`,
    };
  }
}

function* corruption(db: DatabaseSync) {
  for (const row of db.prepare('PRAGMA integrity_check(10)').all()) {
    if (row.integrity_check !== 'ok') yield { position: null, what: `SQLite finds: ${row.integrity_check}` };
  }
}

const isMissingTable = (error: unknown): boolean => error instanceof Error && error.message.startsWith('no such table');
