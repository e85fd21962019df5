import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CannotOpenLog } from './errors.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';

export type WriterDatabaseOptions = {
  readonly path: string;
  readonly backupDirectory: string;
  /** Given to a log that has none yet. */
  readonly newLogId: string;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  readonly maxBytes: number | null;
};

/** With 8 KiB a signed offer fits four times on a page instead of twice on one of half the size. */
const PAGE_BYTES = 8192;

/**
 * Pages in the write-ahead log at which the writer itself copies what is left to copy, so that the log can begin
 * again at its start. The checkpointer has done most of it by then.
 */
const WRITER_CHECKPOINT_PAGES = 4096;

/** SQLite's result code for a file that another connection has locked. */
const SQLITE_BUSY = 5;
/** SQLite's result code for a file that is no database. */
const SQLITE_NOTADB = 26;

/**
 * Opens the log for writing, as the only one: SQLite's exclusive lock on a file beside the log is held as long as
 * `lock` is open, and ends with the process however that ends. Files are made readable by their owner only.
 */
export const openForWriting = (
  options: WriterDatabaseOptions,
): { readonly db: DatabaseSync; readonly lock: DatabaseSync; readonly logId: string } => {
  const { path } = options;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = lockFile(path);
  try {
    makePrivate(path);
    const db = new DatabaseSync(path, { enableForeignKeyConstraints: false, timeout: 5_000 });
    try {
      prepareForWriting(db, options);
      migrate(db, migrations, { backupDirectory: options.backupDirectory, at: options.openedAt });
      return { db, lock, logId: identify(db, options) };
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    lock.close();
    if (resultCode(error) === SQLITE_NOTADB) {
      throw new CannotOpenLog('NOT_A_LOG', `${path} is not a database, and is left alone.`, { cause: error });
    }
    throw error;
  }
};

/** A connection that can only read. The log must be open for writing while this is used. */
export const openForReading = (path: string): DatabaseSync => {
  const db = new DatabaseSync(path, { readOnly: true, enableForeignKeyConstraints: false, timeout: 5_000 });
  db.exec('PRAGMA cache_size = -16384');
  return db;
};

/** SQLite's result code without its extension, of an error that SQLite reported; undefined for any other error. */
export const resultCode = (error: unknown): number | undefined => {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
};

const lockFile = (path: string): DatabaseSync => {
  makePrivate(`${path}-lock`);
  const lock = new DatabaseSync(`${path}-lock`, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (resultCode(error) !== SQLITE_BUSY) throw error;
    throw new CannotOpenLog(
      'LOG_IN_USE',
      `The log ${path} is in use: only one process may write it. Stop the other Signalbox, or give this one a data ` +
        'directory of its own.',
      { cause: error },
    );
  }
};

/**
 * SQLite gives the files it makes beside this one (`-wal`, `-shm`) the same mode. An existing file is not opened here:
 * to close it again would drop the locks that this process holds on it.
 */
export const makePrivate = (path: string): void => {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    chmodSync(path, 0o600);
  }
};

const prepareForWriting = (db: DatabaseSync, { maxBytes }: WriterDatabaseOptions): void => {
  db.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = ${WRITER_CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = 67108864;
  `);
  if (maxBytes !== null) db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / PAGE_BYTES))}`);
};

const identify = (db: DatabaseSync, options: WriterDatabaseOptions): string => {
  const insert = db.prepare('INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING');
  db.exec('BEGIN IMMEDIATE');
  insert.run('log_id', options.newLogId);
  insert.run('created_at', String(options.openedAt));
  db.exec('COMMIT');
  return String(db.prepare(`SELECT value FROM meta WHERE name = 'log_id'`).get()?.value);
};
