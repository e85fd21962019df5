import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { keyStoreContract } from '@signalbox/conformance';
import { KeysUnavailable } from '@signalbox/event-sourcing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteKeyStore } from '../src/index.ts';
import { aDirectory, openAt } from './fixtures.ts';

const open = async (directory: string) => {
  const store = await openSqliteKeyStore({ path: join(directory, 'data', 'keys.db') });
  onTestFinished(() => store.close());
  return store;
};

const filesIn = (directory: string) =>
  readdirSync(join(directory, 'data')).map((name) => join(directory, 'data', name));

keyStoreContract('SQLite', async () => {
  const directory = aDirectory();
  const store = await open(directory);
  return {
    store,
    restart: async () => {
      await store.close();
      return open(directory);
    },
    bytes: async () => Buffer.concat(filesIn(directory).map((path) => readFileSync(path))),
  };
});

const epoch = { id: 'e', startsAt: 0, endsAt: 1, wrapped: `v1.${'w'.repeat(93)}` };

describe('the file of the keys', () => {
  it('is its owner’s alone, and has nothing of the log', async () => {
    const directory = aDirectory();
    await openAt(directory);
    const store = await open(directory);
    await store.addEpoch(epoch);
    const modes = filesIn(directory).map((path) => (statSync(path).mode & 0o777).toString(8));
    expect(modes).not.toEqual([]);
    expect(new Set(modes)).toEqual(new Set(['600']));
  });

  it('is one process’s at a time', async () => {
    const directory = aDirectory();
    const store = await open(directory);
    await store.addEpoch(epoch);
    const path = join(directory, 'data', 'keys.db');
    const second = open(directory);
    await expect(second).rejects.toBeInstanceOf(KeysUnavailable);
    await expect(second).rejects.toThrow(`The key store ${path} is in use: only one process may have it open.`);
    expect(await store.epochs()).toHaveLength(1);
    await store.close();
    expect(await (await open(directory)).epochs()).toHaveLength(1);
  });

  it.each([
    ['a database of something else', (path: string) => new DatabaseSync(path).exec('CREATE TABLE t (a)')],
    ['no database', (path: string) => writeFileSync(path, 'Dear diary, '.repeat(1_000))],
  ])('is left alone when it is %s', async (_, make) => {
    const directory = aDirectory();
    await (await open(directory)).close();
    const path = join(directory, 'data', 'other.db');
    make(path);
    const before = readFileSync(path);
    await expect(openSqliteKeyStore({ path })).rejects.toMatchObject({
      name: 'KeysUnavailable',
      message: expect.stringContaining(`The key store ${path} cannot be opened: `),
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});
