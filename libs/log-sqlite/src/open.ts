import { basename, dirname, join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { WriterDatabaseOptions } from './database.ts';
import { createLog, type SqliteLog } from './log.ts';
import { whenReady } from './messages.ts';
import { createReadQueue } from './read-queue.ts';
import { createWriteQueue } from './write-queue.ts';
import type { WriterReady } from './writer.worker.ts';

export type SqliteLogOptions = {
  /** The database file; it and its directory are made when they are not there. `-wal`, `-shm` and `-lock` go beside it. */
  readonly path: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The id of the log, when it is a new one. */
  readonly newLogId: () => string;
  /** Where a copy goes before a migration that drops something; `backups` beside the log unless given. */
  readonly backupDirectory?: string;
  /** The database file does not grow beyond this: appends are refused, as on a full disk, while reads go on. */
  readonly maxBytes?: number;
};

/**
 * Opens the log, bringing its schema up to date, and starts its writer and its reader thread. Throws `CannotOpenLog`,
 * at once when another process has it.
 */
export const openSqliteLog = async (options: SqliteLogOptions): Promise<SqliteLog> => {
  const path = resolve(options.path);
  const { log } = await openOnWorkers(
    {
      path,
      backupDirectory: options.backupDirectory ?? join(dirname(path), 'backups'),
      newLogId: options.newLogId(),
      openedAt: options.now(),
      maxBytes: options.maxBytes ?? null,
    },
    options.now,
  );
  return log;
};

/** As above, together with the workers, so that a test can see what becomes of the log when one of them dies. */
export const openOnWorkers = async (
  options: WriterDatabaseOptions,
  now: () => number,
): Promise<{ readonly log: SqliteLog; readonly writer: Worker; readonly reader: Worker }> => {
  const name = basename(options.path);
  const writer = new Worker(new URL('./writer.worker.ts', import.meta.url), {
    workerData: options,
    name: `${name} writer`,
  });
  const ready = await whenReady<WriterReady>(writer);
  const reader = new Worker(new URL('./reader.worker.ts', import.meta.url), {
    workerData: { path: options.path },
    name: `${name} reader`,
  });
  try {
    await whenReady(reader);
  } catch (error) {
    await writer.terminate();
    throw error;
  }
  const log = createLog({
    ready,
    startWriting: (onCommitted) => createWriteQueue(writer, onCommitted),
    reader: createReadQueue(reader),
    now,
  });
  return { log, writer, reader };
};
