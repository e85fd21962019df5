import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { makePrivate } from '../database.ts';
import { serve } from '../thread-serves.ts';
import { KEYS_APPLICATION_ID, keyTables } from './key-tables.ts';

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

serve(parentPort, () => {
  const db = open();
  return { db, tables: keyTables(db) };
});
