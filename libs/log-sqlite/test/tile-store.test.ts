import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tileStoreContract } from '@signalbox/conformance';
import { expect, it, onTestFinished } from 'vitest';
import { type SqliteTileStore, sqliteTileStore } from '../src/index.ts';
import { aDirectory } from './fixtures.ts';

const closed = <S extends SqliteTileStore | null>(store: S): S => {
  onTestFinished(() => store?.close());
  return store;
};

tileStoreContract('SQLite', async () => {
  const path = join(aDirectory(), 'evidence.db');
  return { store: closed(sqliteTileStore({ path })), again: async () => closed(sqliteTileStore({ path })) };
});

it('is read beside the one that writes it', async () => {
  const path = join(aDirectory(), 'evidence.db');
  expect(sqliteTileStore({ path, readOnly: true })).toBeNull();
  expect(existsSync(path)).toBe(false);
  const store = closed(sqliteTileStore({ path }));
  const reader = closed(sqliteTileStore({ path, readOnly: true }));
  const bytes = new Uint8Array(40).fill(7);
  await store.write(0, [{ level: 0, index: 0, bytes }], 1);
  expect(await reader?.size()).toBe(1);
  expect(await reader?.read([{ level: 0, index: 0 }])).toEqual([bytes]);
  await expect(reader?.clear()).rejects.toThrow('readonly');
});

it('throws a file away that is no store', async () => {
  const path = join(aDirectory(), 'evidence.db');
  writeFileSync(path, 'not a database, but something else of some length, to be sure');
  const store = closed(sqliteTileStore({ path }));
  expect(await store.size()).toBe(0);
});
