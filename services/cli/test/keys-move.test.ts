import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteKeyStore } from '@signalbox/log-sqlite';
import { exportKeys, type KeyRows } from '@signalbox/vault';
import { describe, expect, it } from 'vitest';
import { aDirectory, signalbox } from './fixtures.ts';

const open = (dataDir: string) => openSqliteKeyStore({ path: join(dataDir, 'keys.db') });

const rowsIn = async (dataDir: string): Promise<readonly KeyRows[]> => {
  const store = await open(dataDir);
  try {
    return await Array.fromAsync(exportKeys(store));
  } finally {
    await store.close();
  }
};

/** A data directory with keys in it. */
const someKeys = async (mark = 'w'): Promise<string> => {
  const dataDir = aDirectory();
  const store = await open(dataDir);
  for (const [id, startsAt, count] of [
    ['m1', 3_600_000, 1_200],
    ['lasting', null, 3],
  ] as const) {
    await store.addEpoch({ id, startsAt, endsAt: startsAt && startsAt * 2, wrapped: `${mark} epoch ${id}` });
    const keys = Array.from({ length: count }, (_, index) => ({
      id: `${id}.k${index}`,
      wrapped: `${mark} key ${index}`,
    }));
    await store.addDataKeys(id, keys);
  }
  await store.close();
  return dataDir;
};

describe('moving keys', () => {
  it('takes them from one store to another, as they are, and may be repeated', async () => {
    const from = await someKeys();
    const to = aDirectory();
    const file = join(aDirectory(), 'keys.ndjson');
    expect(await signalbox(['keys', 'export', '--data-dir', from, '--out', file])).toEqual({
      ...{ code: 0, stdout: '' },
      stderr: 'Exported 2 epochs with 1,203 keys.\n',
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const imported = { code: 0, stdout: '', stderr: 'Imported 2 epochs with 1,203 keys.\n' };
    expect(await signalbox(['keys', 'import', '--data-dir', to, '--in', file])).toEqual(imported);
    expect(await signalbox(['keys', 'import', '--data-dir', to], { input: readFileSync(file, 'utf8') })).toEqual(
      imported,
    );
    expect(await rowsIn(to)).toEqual(await rowsIn(from));
    const again = await signalbox(['keys', 'export', '--data-dir', to]);
    expect(again).toMatchObject({ code: 0, stdout: readFileSync(file, 'utf8') });
  });

  it('refuses a store that has other keys', async () => {
    const { stdout } = await signalbox(['keys', 'export', '--data-dir', await someKeys()]);
    const other = await someKeys('other');
    const before = await rowsIn(other);
    expect(await signalbox(['keys', 'import', '--data-dir', other], { input: stdout })).toMatchObject({
      ...{ code: 1, stdout: '' },
      stderr: expect.stringMatching(/^The key store holds another key for epoch lasting/),
    });
    expect(await rowsIn(other)).toEqual(before);
  });

  it('notices a file that is not what was exported', async () => {
    const { stdout } = await signalbox(['keys', 'export', '--data-dir', await someKeys()]);
    const lines = stdout.trimEnd().split('\n');
    const without = (index: number) => lines.toSpliced(index, 1);
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [[], 'The export ends too early'],
      [['{"kind":"log"}'], 'This is no export of keys'],
      [without(0), 'This is no export of keys'],
      [without(1), 'Line 2 is not what was exported'],
      [lines.slice(0, -1), 'The export ends too early'],
      [lines.with(3, lines[3]?.replace('w epoch', 'v epoch').replace('w key', 'v key') ?? ''), 'Line 4 is not'],
      [[...lines, lines.at(-1) ?? ''], 'is not what was exported, or not in its place'],
      [[...lines, 'more'], 'is not what was exported'],
    ];
    for (const [some, said] of wrong) {
      const input = some.map((line) => `${line}\n`).join('');
      const ran = await signalbox(['keys', 'import', '--data-dir', aDirectory()], { input });
      expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(said) });
      expect(ran.stderr).not.toContain('key 1');
    }
  });

  it('tells what is wrong with what it is given', async () => {
    const empty = aDirectory();
    const file = join(empty, 'there');
    writeFileSync(file, '');
    const terminal = { isTerminal: { stdin: true, stdout: true, stderr: true } };
    const from = await someKeys();
    const held = await open(from);
    const unused = aDirectory();
    await (await open(unused)).close();
    for (const [args, code, said, host] of [
      [['export', '--data-dir', empty], 1, `There are no keys in ${empty}.`, {}],
      [['export', '--data-dir', unused], 1, 'There are no keys in this key store.', {}],
      [['export', '--data-dir', empty, '--out', file], 1, `${file} is there already`, {}],
      [['export', '--data-dir', from], 1, `The key store ${from}/keys.db is in use`, {}],
      [['export', '--data-dir', 'a', '--keys', 'redis://x'], 2, 'are both given', {}],
      [['export', '--keys', 'http://secret@x'], 2, 'SIGNALBOX_KEYS_URL', {}],
      [['export', '--keys', 'redis://u:secret@127.0.0.1:1'], 1, 'The Redis of the keys is away.', {}],
      [['export', '--data-dir', from], 2, 'All keys would go to this terminal.', terminal],
      [['import', '--data-dir', empty], 2, 'Nothing is piped in.', terminal],
      [['import', 'x'], 2, 'signalbox keys import takes options only, and “x” is none.', {}],
    ] as const) {
      const ran = await signalbox(['keys', ...args], host);
      expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(said) });
      expect(ran.stderr).not.toContain('secret');
    }
    await held.close();
  });
});
