import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { evidenceSeed, fillWithEvidence } from '@signalbox/conformance';
import type { RecordedEvent } from '@signalbox/event-sourcing';
import {
  memoryTileStore,
  originOf,
  pagesOf,
  signerKey,
  type TileStore,
  type Verification,
  verifyLog,
} from '@signalbox/evidence';
import { openSqliteLog } from '../src/open.ts';
import { readerOf } from '../src/open-for-reading.ts';
import { NOW } from './fixtures.ts';

const LOG_ID = 'log-of-the-test';

export type EvidencedLog = {
  /** The database file, in one piece. */
  readonly bytes: Uint8Array;
  readonly tiles: TileStore;
  /** How many events the last checkpoint covers. */
  readonly covered: number;
};

/** A stored log of about so many events, with its checkpoints, made by the parts of a server. */
export const anEvidencedLog = async (count: number): Promise<EvidencedLog> => {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-tamper-'));
  const path = join(directory, 'log.db');
  let at = NOW;
  const log = await openSqliteLog({ path, now: () => ++at, newLogId: () => LOG_ID });
  const tiles = memoryTileStore();
  const covered = await fillWithEvidence(log, tiles, count);
  await log.close();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode = DELETE'); // so that the file is all there is
  db.close();
  const bytes = readFileSync(path);
  rmSync(directory, { recursive: true });
  return { bytes, tiles, covered };
};

export const inMemory = (bytes: Uint8Array): DatabaseSync => {
  const db = new DatabaseSync(':memory:', { enableForeignKeyConstraints: false });
  db.deserialize(bytes);
  return db;
};

/** The verifier as the command runs it, on a database that is in memory. */
export const verified = (db: DatabaseSync, tiles: TileStore | null): Promise<Verification> =>
  verifyLog(pagesOf(readerOf(db)), {
    ...{ origin: originOf(LOG_ID), keys: [signerKey(originOf(LOG_ID), evidenceSeed)], gapless: true },
    ...(tiles && { expected: tiles }),
  });

/** All events that can be read, up to the first that cannot. */
export const readable = async (db: DatabaseSync): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  try {
    for await (const page of pagesOf(readerOf(db))) events.push(...page);
  } catch {
    // What cannot be read is what the caller wants to know.
  }
  return events;
};
