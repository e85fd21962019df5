import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { makePrivate } from '../database.ts';
import { type AuditTables, auditTables } from './audit-tables.ts';

/** One function of the tables to be called, or that nothing more will come. */
export type ToAudit =
  | { readonly number: number; readonly call: keyof AuditTables; readonly values: readonly unknown[] }
  | 'close';

export type FromAudit =
  | { readonly number: number; readonly kind: 'done'; readonly result: unknown }
  | { readonly number: number; readonly kind: 'failed'; readonly error: unknown };

const port = parentPort;
if (!port) throw new Error('The audit index runs in a worker thread.');
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

const start = () => {
  try {
    return open();
  } catch (error) {
    port.postMessage({ kind: 'cannot_open', error });
    return undefined;
  }
};

const started = start();
if (started) {
  const { db, tables } = started;
  port.on('message', (message: ToAudit) => {
    if (message === 'close') {
      db.close();
      port.close();
      return;
    }
    const { number, call, values } = message;
    try {
      // Whoever asks has called the function of this name, with the values that it takes.
      const result = (tables[call] as (...values: readonly unknown[]) => unknown)(...values);
      port.postMessage({ number, kind: 'done', result });
    } catch (error) {
      port.postMessage({ number, kind: 'failed', error });
    }
  });
  port.postMessage({ kind: 'ready' });
}
