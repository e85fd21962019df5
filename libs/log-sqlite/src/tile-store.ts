import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { TileStore } from '@signalbox/evidence';
import { makePrivate } from './database.ts';

export type SqliteTileStore = TileStore & { close(): void };

/** Grows when an older reader would misunderstand; a store of another version is thrown away. */
const VERSION = 1;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS tiles (
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (level, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS leaves (one INTEGER PRIMARY KEY CHECK (one = 1), count INTEGER NOT NULL) STRICT;
  INSERT INTO leaves (one, count) VALUES (1, 0) ON CONFLICT DO NOTHING;
  CREATE TABLE IF NOT EXISTS remembered (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${VERSION};
`;

/**
 * The hashes of the log's tree in a file of their own, beside the log, with what the notary remembers. They follow from
 * the log: the file is not waited for to be on disk, and one that is damaged is thrown away. With `readOnly` it may be
 * read while a server writes it; null when there is none that can be read.
 */
export function sqliteTileStore(options: { readonly path: string }): SqliteTileStore;
export function sqliteTileStore(options: { readonly path: string; readonly readOnly: true }): SqliteTileStore | null;
export function sqliteTileStore(options: { readonly path: string; readonly readOnly?: true }): SqliteTileStore | null {
  const { path, readOnly = false } = options;
  if (readOnly) {
    try {
      return storeOn(new DatabaseSync(path, { readOnly, timeout: 5_000 }));
    } catch {
      return null;
    }
  }
  try {
    return storeOn(prepared(path));
  } catch {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    return storeOn(prepared(path));
  }
}

const prepared = (path: string): DatabaseSync => {
  makePrivate(path);
  const db = new DatabaseSync(path, { timeout: 5_000 });
  try {
    const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
    if (version !== 0 && version !== VERSION) throw new Error(`The tiles have version ${version}.`);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
    db.exec(SCHEMA);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};

const storeOn = (db: DatabaseSync): SqliteTileStore => {
  const count = db.prepare('SELECT count FROM leaves');
  const select = db.prepare('SELECT bytes FROM tiles WHERE level = ? AND number = ?');
  const size = () => Number(count.get()?.count ?? 0);
  const inTransaction = (work: () => boolean): boolean => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const done = work();
      db.exec('COMMIT');
      return done;
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  };
  return {
    size: async () => size(),
    read: async (names) => names.map(({ level, index }) => select.get(level, index)?.bytes as Uint8Array | undefined),
    write: async (expected, tiles, held) =>
      inTransaction(() => {
        if (size() !== expected) return false;
        const put = db.prepare('INSERT OR REPLACE INTO tiles (level, number, bytes) VALUES (?, ?, ?)');
        for (const { level, index, bytes } of tiles) put.run(level, index, bytes);
        db.prepare('UPDATE leaves SET count = ?').run(held);
        return true;
      }),
    clear: async () => {
      inTransaction(() => {
        db.exec('DELETE FROM tiles; UPDATE leaves SET count = 0');
        return true;
      });
    },
    recall: async (name) =>
      (db.prepare('SELECT text FROM remembered WHERE name = ?').get(name)?.text as string | undefined) ?? null,
    remember: async (name, text) => {
      if (text === null) db.prepare('DELETE FROM remembered WHERE name = ?').run(name);
      else db.prepare('INSERT OR REPLACE INTO remembered (name, text) VALUES (?, ?)').run(name, text);
    },
    close: () => db.close(),
  };
};
