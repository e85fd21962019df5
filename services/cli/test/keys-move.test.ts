import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { openSqliteKeyStore } from '@signalbox/log-sqlite';
import { exportKeys, type KeyRows } from '@signalbox/vault';
import { describe, expect, it } from 'vitest';
import { anAdminServer } from './admin-server.ts';
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
  await store.settle(0, 4_711);
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

  it('takes them from a running server too, and writes the same', async () => {
    const from = await someKeys();
    const { stdout } = await signalbox(['keys', 'export', '--data-dir', from]);
    const env = { SIGNALBOX_ADMIN_KEYS: 'ab'.repeat(32) };
    const server = await anAdminServer((_, response) => {
      // In pieces that end anywhere.
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (let at = 0; at < stdout.length; at += 10_007) response.write(stdout.slice(at, at + 10_007));
      response.end();
    });
    const file = join(aDirectory(), 'keys.ndjson');
    expect(await signalbox(['keys', 'export', '--server', server.url, '--out', file], { env })).toEqual({
      ...{ code: 0, stdout: '', stderr: 'Exported 2 epochs with 1,203 keys.\n' },
    });
    expect(readFileSync(file, 'utf8')).toBe(stdout);
    expect(server.asked).toMatchObject([
      { method: 'POST', path: '/v1/admin/keys/exports', authorization: `Bearer ${'ab'.repeat(32)}` },
    ]);
    const both = await signalbox(['keys', 'export', '--server', server.url, '--keys', 'redis://x'], { env });
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('--server and --keys are both given') });
  });

  it.each([
    ['ends before its last line', (response: ServerResponse) => void response.end(), 'The export ends too early'],
    ['breaks off', (response: ServerResponse) => void response.destroy(), 'ended before all keys were sent'],
  ])('leaves no file of an answer that %s', async (_, end, said) => {
    const { stdout } = await signalbox(['keys', 'export', '--data-dir', await someKeys()]);
    const server = await anAdminServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(`${stdout.trimEnd().split('\n').slice(0, -1).join('\n')}\n`, () => end(response));
    });
    const file = join(aDirectory(), 'keys.ndjson');
    const env = { SIGNALBOX_ADMIN_KEYS: 'ab'.repeat(32) };
    const ran = await signalbox(['keys', 'export', '--server', server.url, '--out', file], { env });
    expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(said) });
    expect(existsSync(file)).toBe(false);
  });

  it('reads exports of version 2, and goes not by what it says was settled', async () => {
    const { stdout } = await signalbox(['keys', 'export', '--data-dir', await someKeys()]);
    let sum = '';
    const old = stdout
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { says } = JSON.parse(line);
        if (says.kind === 'head') Object.assign(says, { version: 2, settledTo: 4_711 });
        sum = createHash('sha256')
          .update(sum + JSON.stringify(says))
          .digest('hex');
        return `${JSON.stringify({ says, sum })}\n`;
      })
      .join('');
    const to = await someKeys();
    expect(await signalbox(['keys', 'import', '--data-dir', to], { input: old })).toMatchObject({ code: 0 });
    const store = await open(to);
    expect(await store.epochs()).toHaveLength(2);
    expect(await store.settledTo()).toBeLessThanOrEqual(0);
    await store.close();
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
