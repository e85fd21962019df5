import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EpochSummary, FoundKey, Rewrapping, StoreUsage, WrappedDataKey, WrappedEpoch } from '@signalbox/vault';
import { epochOf } from '@signalbox/vault';

/** `SBKY`: marks the file as a key store of Signalbox. */
export const KEYS_APPLICATION_ID = 0x53424b59;

/** Statements on this many epochs' tables are kept prepared. */
const MAX_PREPARED = 64;

/**
 * A key is destroyed by overwriting it where it lies: rows that hold keys are only ever added at the end of their table
 * and replaced by rows of the same size, never deleted. SQLite overwrites what it deletes, too (`secure_delete`). But when
 * rows are deleted, or added in between, it moves others to other pages, and now and then leaves a copy behind that nothing
 * overwrites. So each epoch's data keys have a table of their own, which is dropped as a whole, and what changes its
 * size (how many keys there are) is kept elsewhere.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS epochs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    starts_at INTEGER,
    ends_at INTEGER,
    is_there INTEGER NOT NULL,
    wrapped TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS counts (
    epoch INTEGER PRIMARY KEY,
    data_keys INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS settled (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    position INTEGER NOT NULL
  ) STRICT;
  INSERT OR IGNORE INTO settled VALUES (1, 0);
  PRAGMA application_id = ${KEYS_APPLICATION_ID};
  PRAGMA user_version = 1;
`;

const tableOf = (epoch: number): string => `data_keys_${epoch}`;

/** What takes the place of a key: as long as the key, so that it is written over it. */
const nothing = (wrapped: string): string => '0'.repeat(wrapped.length);

/** The statements on one epoch's data keys. */
const statementsOn = (db: DatabaseSync, epoch: number) => {
  const table = tableOf(epoch);
  return {
    add: db.prepare(`INSERT INTO ${table} (id, is_there, wrapped) VALUES (?, 1, ?) ON CONFLICT DO NOTHING`),
    find: db.prepare(`SELECT number, wrapped FROM ${table} WHERE id = ? AND is_there = 1`),
    destroy: db.prepare(`UPDATE ${table} SET is_there = 0, wrapped = ? WHERE number = ?`),
    page: db.prepare(
      `SELECT number, id, wrapped FROM ${table} WHERE number > ? AND is_there = 1 ORDER BY number LIMIT ?`,
    ),
  };
};

type Row = ReturnType<StatementSync['get']>;

/** The key store, synchronous: each function is a transaction of its own, and durable when it returns. */
export const keyTables = (db: DatabaseSync) => {
  db.exec(SCHEMA);
  const prepared = new Map<number, ReturnType<typeof statementsOn>>();
  const epochWithId = db.prepare('SELECT * FROM epochs WHERE id = ? AND is_there = 1');
  // One that was destroyed has left its row behind, whose place the new key takes.
  const addEpochRow = db.prepare(`
    INSERT INTO epochs (id, starts_at, ends_at, is_there, wrapped) VALUES (?, ?, ?, 1, ?)
    ON CONFLICT (id) DO UPDATE SET
      starts_at = excluded.starts_at, ends_at = excluded.ends_at, is_there = 1, wrapped = excluded.wrapped
    RETURNING *`);
  const allEpochs = db.prepare(
    'SELECT * FROM epochs JOIN counts ON counts.epoch = epochs.number WHERE is_there = 1 ORDER BY id',
  );
  const setCount = db.prepare('INSERT OR REPLACE INTO counts (epoch, data_keys) VALUES (?, ?)');
  const addToCount = db.prepare('UPDATE counts SET data_keys = data_keys + ? WHERE epoch = ? RETURNING data_keys');
  const rewrap = db.prepare('UPDATE epochs SET wrapped = ? WHERE id = ? AND wrapped = ? AND is_there = 1');
  const settledTo = db.prepare('SELECT position FROM settled');
  const settle = db.prepare('UPDATE settled SET position = ? WHERE position = ?');
  const pages = db.prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()');
  const destroyEpochKey = db.prepare('UPDATE epochs SET is_there = 0, wrapped = ? WHERE number = ?');

  const on = (epoch: number) => {
    const known = prepared.get(epoch) ?? statementsOn(db, epoch);
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    prepared.set(epoch, known);
    return known;
  };

  const transaction = <T>(work: () => T): T => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };

  /** Brings what was overwritten to its place in the file, and leaves nothing in the log of the writes. */
  const clearTraces = (): void => {
    const done = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    if (done?.busy !== 0) throw new Error('The write-ahead log could not be emptied.');
  };

  clearTraces(); // of a process that was killed before it could

  return {
    addEpoch: ({ id, startsAt, endsAt, wrapped }: WrappedEpoch): WrappedEpoch =>
      transaction(() => {
        const there = epochWithId.get(id);
        if (there) return epochIn(there);
        const added = addEpochRow.get(id, startsAt, endsAt, wrapped);
        const number = Number(added?.number);
        db.exec(`CREATE TABLE ${tableOf(number)} (
          number INTEGER PRIMARY KEY,
          id TEXT NOT NULL UNIQUE,
          is_there INTEGER NOT NULL,
          wrapped TEXT NOT NULL
        ) STRICT`);
        setCount.run(number, 0);
        return epochIn(added);
      }),
    epochs: (): readonly EpochSummary[] =>
      allEpochs.all().map((row) => ({ ...epochIn(row), dataKeys: Number(row.data_keys) })),
    rewrap: (changes: readonly Rewrapping[]): number => {
      const count = transaction(() =>
        changes.reduce((sum, { id, from, to }) => sum + Number(rewrap.run(to, id, from).changes), 0),
      );
      clearTraces();
      return count;
    },
    addDataKeys: (epoch: string, keys: readonly WrappedDataKey[]): boolean =>
      transaction(() => {
        const there = epochWithId.get(epoch);
        if (!there) return false;
        const number = Number(there.number);
        const { add } = on(number);
        const added = keys.reduce((sum, { id, wrapped }) => sum + Number(add.run(id, wrapped).changes), 0);
        addToCount.get(added, number);
        return true;
      }),
    find: (ids: readonly string[]): readonly (FoundKey | null)[] =>
      ids.map((id) => {
        const epoch = epochWithId.get(epochOf(id));
        const key = epoch && on(Number(epoch.number)).find.get(id);
        return key ? { wrapped: String(key.wrapped), epoch: String(epoch.wrapped) } : null;
      }),
    /** A page of an epoch's keys, after the one of this number. */
    page: (epoch: string, after: number, limit: number) => {
      const there = epochWithId.get(epoch);
      const rows = there ? on(Number(there.number)).page.all(after, limit) : [];
      return {
        keys: rows.map((row): WrappedDataKey => ({ id: String(row.id), wrapped: String(row.wrapped) })),
        last: Number(rows.at(-1)?.number ?? after),
      };
    },
    destroyDataKeys: (ids: readonly string[]): number => {
      const count = transaction(() => {
        let destroyed = 0;
        for (const id of ids) {
          const epoch = epochWithId.get(epochOf(id));
          const number = Number(epoch?.number);
          const key = epoch && on(number).find.get(id);
          if (!key) continue;
          on(number).destroy.run(nothing(String(key.wrapped)), Number(key.number));
          addToCount.get(-1, number);
          destroyed++;
        }
        return destroyed;
      });
      clearTraces();
      return count;
    },
    destroyEpoch: (id: string): number | null => {
      prepared.clear(); // a table with statements on it that have not ended can't be dropped
      const count = transaction(() => {
        const epoch = epochWithId.get(id);
        if (!epoch) return null;
        const number = Number(epoch.number);
        const dataKeys = Number(addToCount.get(0, number)?.data_keys);
        destroyEpochKey.run(nothing(String(epoch.wrapped)), number);
        db.exec(`DROP TABLE ${tableOf(number)}`);
        return dataKeys;
      });
      clearTraces();
      return count;
    },
    settledTo: (): number => Number(settledTo.get()?.position),
    settle: (from: number, to: number): boolean => settle.run(to, from).changes === 1,
    /** What the disk gives it is all that bounds it. */
    usage: (): StoreUsage => ({ bytes: Number(pages.get()?.bytes), bound: null }),
    check: (): void => {
      epochWithId.get('');
    },
  };
};

export type KeyTables = ReturnType<typeof keyTables>;

/** The columns have these types: the table is strict, and what is in it was written above. */
const epochIn = (row: Row): WrappedEpoch => ({
  id: String(row?.id),
  startsAt: row?.starts_at as number | null,
  endsAt: row?.ends_at as number | null,
  wrapped: String(row?.wrapped),
});
