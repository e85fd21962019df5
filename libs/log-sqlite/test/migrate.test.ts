import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteLog } from '../src/index.ts';
import { type Migration, migrate } from '../src/migrate.ts';
import { migrations } from '../src/migrations/index.ts';
import { aDirectory, anEvent, aStream, NOW, openAt, pathIn } from './fixtures.ts';

const step = (version: number, sql: string, destructive = false): Migration => ({
  version,
  name: `step ${version}`,
  destructive,
  up: (db) => db.exec(sql),
});

const create = step(1, "CREATE TABLE notes (text TEXT) STRICT; INSERT INTO notes VALUES ('kept')");
const widen = step(2, 'ALTER TABLE notes ADD COLUMN at INTEGER');
const drop = step(3, 'DROP TABLE notes', true);
const broken = step(3, 'CREATE TABLE later (id INTEGER); INSERT INTO nowhere VALUES (1)');

const database = (directory: string): DatabaseSync => {
  const db = new DatabaseSync(join(directory, 'some.db'));
  onTestFinished(() => {
    if (db.isOpen) db.close();
  });
  return db;
};

const schemaOf = (db: DatabaseSync) => ({
  version: db.prepare('PRAGMA user_version').get()?.user_version,
  tables: db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map((row) => row.name),
});

describe('migrations', () => {
  it('count from one without gaps', () => {
    expect(migrations.map((migration) => migration.version)).toEqual(migrations.map((_, index) => index + 1));
  });

  it('run once, in order, and only those that are missing', () => {
    const directory = aDirectory();
    const db = database(directory);
    const options = { backupDirectory: join(directory, 'backups'), at: NOW };
    migrate(db, [create], options);
    expect(schemaOf(db)).toEqual({ version: 1, tables: ['notes'] });
    migrate(db, [create, widen], options);
    migrate(db, [create, widen], options);
    expect(schemaOf(db)).toEqual({ version: 2, tables: ['notes'] });
    expect(
      db
        .prepare('SELECT text, at FROM notes')
        .all()
        .map((row) => ({ ...row })),
    ).toEqual([{ text: 'kept', at: null }]);
    expect(existsSync(options.backupDirectory)).toBe(false);
  });

  it('leave a private copy of the whole database before something is dropped', () => {
    const directory = aDirectory();
    const db = database(directory);
    const backupDirectory = join(directory, 'backups');
    migrate(db, [create, widen], { backupDirectory, at: NOW });
    migrate(db, [create, widen, drop], { backupDirectory, at: NOW + 1 });
    expect(schemaOf(db)).toEqual({ version: 3, tables: [] });
    expect(readdirSync(backupDirectory)).toEqual([`log-version-2-${NOW + 1}.db`]);
    const path = join(backupDirectory, `log-version-2-${NOW + 1}.db`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const copy = new DatabaseSync(path, { readOnly: true });
    expect(schemaOf(copy)).toEqual({ version: 2, tables: ['notes'] });
    expect(copy.prepare('SELECT text FROM notes').get()?.text).toBe('kept');
    copy.close();
  });

  it('leave the database as it was when one of them fails, with the steps before it undone too', () => {
    const directory = aDirectory();
    const db = database(directory);
    const options = { backupDirectory: join(directory, 'backups'), at: NOW };
    migrate(db, [create], options);
    expect(() => migrate(db, [create, widen, broken], options)).toThrow(
      expect.objectContaining({ name: 'CannotOpenLog', code: 'LOG_MIGRATION_FAILED', cause: expect.any(Error) }),
    );
    expect(schemaOf(db)).toEqual({ version: 1, tables: ['notes'] });
    expect(db.prepare('PRAGMA table_info(notes)').all()).toHaveLength(1);
    migrate(db, [create, widen], options);
    expect(schemaOf(db).version).toBe(2);
  });

  it('refuse a database that a newer version has written', () => {
    const directory = aDirectory();
    const db = database(directory);
    const options = { backupDirectory: directory, at: NOW };
    migrate(db, [create, widen], options);
    expect(() => migrate(db, [create], options)).toThrow(
      expect.objectContaining({ code: 'LOG_TOO_NEW', message: expect.stringContaining('version 2') }),
    );
    expect(schemaOf(db)).toEqual({ version: 2, tables: ['notes'] });
  });
});

describe('opening', () => {
  it('refuses a log that a newer version has written, and leaves it alone', async () => {
    const directory = aDirectory();
    const log = await openAt(directory);
    await log.append(aStream(), [anEvent()], 'any');
    await log.close();
    const db = new DatabaseSync(pathIn(directory));
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(openAt(directory)).rejects.toMatchObject({ name: 'CannotOpenLog', code: 'LOG_TOO_NEW' });
    const after = new DatabaseSync(pathIn(directory));
    expect(after.prepare('SELECT count(*) AS n FROM events').get()?.n).toBe(1);
    after.close();
  });

  it('refuses a file that is something else', async () => {
    const [text, foreign] = [join(aDirectory(), 'log.db'), join(aDirectory(), 'log.db')];
    writeFileSync(text, 'this is a letter to a friend, and not a database'.repeat(100));
    const db = new DatabaseSync(foreign);
    db.exec('CREATE TABLE recipes (name TEXT)');
    db.close();
    for (const path of [text, foreign]) {
      await expect(openSqliteLog({ path, now: () => NOW, newLogId: () => 'id' })).rejects.toMatchObject({
        name: 'CannotOpenLog',
        code: 'NOT_A_LOG',
      });
    }
  });

  it('says why when the directory cannot be made', async () => {
    const file = join(aDirectory(), 'file');
    writeFileSync(file, '');
    await expect(
      openSqliteLog({ path: join(file, 'log.db'), now: () => NOW, newLogId: () => 'id' }),
    ).rejects.toMatchObject({ code: 'LOG_CANNOT_OPEN', message: expect.stringContaining(file) });
  });

  it('keeps the id and knows when the last event was recorded', async () => {
    const directory = aDirectory();
    const first = await openAt(directory, () => NOW + 3);
    expect(first.id).toBe(`log of ${directory}`);
    expect(first.recordedAtOpening).toBeNull();
    expect(first.health()).toEqual({ ok: true, detail: null, waiting: 0 });
    await first.append(aStream(), [anEvent()], 'any');
    await first.close();
    const second = await openAt(directory, () => NOW + 9, { newLogId: () => 'another' });
    expect(second.id).toBe(`log of ${directory}`);
    expect(second.recordedAtOpening).toBe(NOW + 3);
  });

  it('makes files that only their owner can read, and mends those that others could', async () => {
    const directory = aDirectory();
    const log = await openAt(directory);
    await log.append(aStream(), [anEvent()], 'any');
    const modes = () =>
      Object.fromEntries(
        ['', '/log.db', '/log.db-wal', '/log.db-shm', '/log.db-lock'].map((name) => [
          name,
          (statSync(join(directory, 'data') + name).mode & 0o777).toString(8),
        ]),
      );
    const files = { '/log.db': '600', '/log.db-wal': '600', '/log.db-shm': '600', '/log.db-lock': '600' };
    expect(modes()).toEqual({ '': '700', ...files });
    await log.close();
    const { chmodSync } = await import('node:fs');
    chmodSync(pathIn(directory), 0o644);
    const again = await openAt(directory);
    await again.append(aStream(), [anEvent()], 'any');
    expect(modes()).toEqual({ '': '700', ...files });
  });
});
