import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { makePrivate } from '../database.ts';
import { KEYS_APPLICATION_ID, type KeyTables, keyTables } from './key-tables.ts';

/** One function of the tables to be called, or that nothing more will come. */
export type ToKeys =
  | { readonly number: number; readonly call: keyof KeyTables; readonly values: readonly unknown[] }
  | 'close';

export type FromKeys =
  | { readonly number: number; readonly kind: 'done'; readonly result: unknown }
  | { readonly number: number; readonly kind: 'failed'; readonly error: unknown };

const port = parentPort;
if (!port) throw new Error('The key store runs in a worker thread.');
const { path }: { readonly path: string } = workerData;

/**
 * As the only one, for as long as it is open: SQLite holds its lock on the file, which ends with the process however that
 * ends, and needs no shared memory beside it.
 */
const open = (): DatabaseSync => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  makePrivate(path);
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false, timeout: 0 });
  try {
    const application = Number(db.prepare('PRAGMA application_id').get()?.application_id);
    const isEmpty = db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count === 0;
    if (application !== KEYS_APPLICATION_ID && !isEmpty) throw new Error('It is a database of something else');
    db.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      PRAGMA temp_store = MEMORY;
      BEGIN EXCLUSIVE;
      COMMIT;
    `);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};

const start = () => {
  try {
    const db = open();
    return { db, tables: keyTables(db) };
  } catch (error) {
    port.postMessage({ kind: 'cannot_open', error });
    return undefined;
  }
};

const started = start();
if (started) {
  const { db, tables } = started;
  port.on('message', (message: ToKeys) => {
    if (message === 'close') {
      db.close();
      port.close();
      return;
    }
    const { number, call, values } = message;
    try {
      // Whoever asks has called the function of this name, with the values that it takes.
      const result = (tables[call] as (...given: readonly unknown[]) => unknown)(...values);
      port.postMessage({ number, kind: 'done', result } satisfies FromKeys);
    } catch (error) {
      port.postMessage({ number, kind: 'failed', error } satisfies FromKeys);
    }
  });
  port.postMessage({ kind: 'ready' });
}
