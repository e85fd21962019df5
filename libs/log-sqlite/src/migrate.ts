import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { CannotOpenLog } from './errors.ts';

export type Migration = {
  /** Counts from 1 without gaps. */
  readonly version: number;
  readonly name: string;
  /** It drops or rewrites what was stored: the database is backed up first. */
  readonly destructive: boolean;
  /** Runs inside a transaction, and must not end it. */
  readonly up: (db: DatabaseSync) => void;
};

/** `SBOX`: marks the file as a log of Signalbox. */
const APPLICATION_ID = 0x53424f58;

/**
 * Brings the database to the newest version: all missing steps in one transaction, so that a step that fails leaves
 * the file as it was. Before a destructive step a whole copy is written to `backupDirectory`; its name says from which
 * version and when (`at`, epoch milliseconds). Throws `CannotOpenLog` for a newer or a foreign database.
 */
export const migrate = (
  db: DatabaseSync,
  migrations: readonly Migration[],
  options: { readonly backupDirectory: string; readonly at: number },
): void => {
  const from = numberOf(db, 'user_version');
  const newest = migrations.at(-1)?.version ?? 0;
  refuseForeign(db, from);
  if (from > newest) {
    throw new CannotOpenLog(
      'LOG_TOO_NEW',
      `The log has schema version ${from}, written by a newer Signalbox; this one knows versions up to ${newest}. ` +
        'Start the newer one, or restore a backup from before the upgrade.',
    );
  }
  const missing = migrations.filter((migration) => migration.version > from);
  if (missing.length === 0) return;
  if (missing.some((migration) => migration.destructive)) backUp(db, options.backupDirectory, from, options.at);
  let step: Migration | undefined;
  db.exec('BEGIN IMMEDIATE');
  try {
    for (step of missing) step.up(db);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${newest}`);
    db.exec('COMMIT');
  } catch (cause) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw new CannotOpenLog(
      'LOG_MIGRATION_FAILED',
      `The step to schema version ${step?.version} (${step?.name}) failed; the log still has version ${from}.`,
      { cause },
    );
  }
};

const refuseForeign = (db: DatabaseSync, version: number): void => {
  const application = numberOf(db, 'application_id');
  const empty = db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count === 0;
  if (application === APPLICATION_ID || (empty && version === 0 && application === 0)) return;
  throw new CannotOpenLog('NOT_A_LOG', 'The file is a database of something else, and is left alone.');
};

/** `VACUUM INTO` does not wait for the disk, so the copy is flushed before anything is changed. */
const backUp = (db: DatabaseSync, directory: string, version: number, at: number): void => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `log-version-${version}-${at}.db`);
  closeSync(openSync(path, 'wx', 0o600)); // made first, so that it is private from its first byte on
  db.prepare('VACUUM INTO ?').run(path);
  chmodSync(path, 0o600);
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
};

const numberOf = (db: DatabaseSync, pragma: 'user_version' | 'application_id'): number =>
  Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
