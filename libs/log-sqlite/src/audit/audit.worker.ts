import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { makePrivate } from '../database.ts';
import { serve } from '../thread-serves.ts';
import { type AuditTables, auditTables } from './audit-tables.ts';

const { path, logId }: { readonly path: string; readonly logId: string } = workerData;

/** Nothing waits for a disk: what a crash takes away is made again from the log, and a file that it broke wholly. */
const open = (): { readonly db: DatabaseSync; readonly tables: AuditTables } => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  makePrivate(path);
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false, timeout: 5_000 });
  try {
    db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = OFF;
      PRAGMA secure_delete = ON;
      PRAGMA cache_size = -16384;
      PRAGMA journal_size_limit = 16777216;
    `);
    return { db, tables: auditTables(db, logId) };
  } catch (error) {
    db.close();
    throw error;
  }
};

serve(parentPort, open);
