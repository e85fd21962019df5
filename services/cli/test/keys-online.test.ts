import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anAdminServer, json } from './admin-server.ts';
import { aDirectory, signalbox } from './fixtures.ts';

const KEY = 'ab'.repeat(32);
const env = { SIGNALBOX_ADMIN_KEYS: KEY };

const epoch = (id: string, masterKey: string) => ({ id, startsAt: 0, endsAt: 3_600_000, dataKeys: 256, masterKey });
const status = {
  current: 'newnewnewnew',
  masterKeys: [
    { id: 'newnewnewnew', epochs: 1, credentials: 0 },
    { id: 'oldoldoldold', epochs: 12, credentials: 3 },
    { id: 'olderolderol', epochs: 0, credentials: 1 },
    { id: 'spare-spare-', epochs: 0, credentials: 0 },
  ],
  unneeded: ['spare-spare-'],
  missing: [],
  epochs: [epoch('a', 'newnewnewnew'), { ...epoch('lasting', 'oldoldoldold'), startsAt: null, endsAt: null }],
  store: { bytes: 812_646, bound: 1_073_741_824 },
};

const problem = (status: number, code: string) => ({
  ...{ type: `/problems/${code}`, title: 'You may not do this', status, code, traceId: 'f'.repeat(32) },
  detail: 'Another caller may.',
});

describe('signalbox keys', () => {
  it('status shows which keys are needed, and asks with the admin key', async () => {
    const server = await anAdminServer((_, response) => json(response, status));
    expect(await signalbox(['keys', 'status', '--server', server.url], { env })).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: `Master keys:
  newnewnewnew                      1 epoch  wraps what is new
  oldoldoldold  12 epochs and 3 credentials  still needed: signalbox keys rotate; then still needed until these credentials have ended or were rotated by their owners
  olderolderol                 1 credential  still needed until these credentials have ended or were rotated by their owners
  spare-spare-                     0 epochs  not needed: may be removed
512 keys in 2 epochs. The key store takes 812,646 of 1,073,741,824 bytes: 0 %.
`,
    });
    expect(server.asked).toEqual([{ method: 'GET', path: '/v1/admin/keys', authorization: `Bearer ${KEY}`, body: '' }]);
    const { stdout, code } = await signalbox(['keys', 'status', '--json', `--server=${server.url}/`], { env });
    expect({ code, answer: JSON.parse(stdout) }).toEqual({ code: 0, answer: status });
  });

  it('status fails when a master key is missing, and says so on both outputs', async () => {
    const missing = [
      { id: 'gone-gone-go', epochs: 3, credentials: 2 },
      { id: 'lost-lost-lo', epochs: 0, credentials: 1 },
    ];
    const server = await anAdminServer((_, response) => json(response, { ...status, missing }));
    expect(await signalbox(['keys', 'status', '--server', server.url], { env })).toEqual({
      code: 1,
      stdout: expect.stringMatching(
        / {2}gone-gone-go +3 epochs and 2 credentials {2}MISSING from SIGNALBOX_MASTER_KEYS\n {2}lost-lost-lo +1 credential {2}MISSING/,
      ),
      stderr:
        '3 epochs and 3 credentials can’t be read: put the missing master keys back into SIGNALBOX_MASTER_KEYS, behind the current one.\n',
    });
  });

  it.each([
    [5, 'Wrapped 5 epochs of 9 by master key newnewnewnew.\n'],
    [0, 'Nothing to do: master key newnewnewnew wraps all that it can (9 epochs in all).\n'],
  ])('rotate has %i epochs wrapped anew', async (rewrapped, stdout) => {
    const answer = { to: 'newnewnewnew', rewrapped, total: 9 };
    const server = await anAdminServer((_, response) => json(response, answer));
    expect(await signalbox(['keys', 'rotate', '--server', server.url], { env })).toEqual({
      code: 0,
      stderr: '',
      stdout,
    });
    expect(server.asked).toMatchObject([{ method: 'POST', path: '/v1/admin/keys/rotations' }]);
    const { stdout: text } = await signalbox(['keys', 'rotate', '--json', '--server', server.url], { env });
    expect(JSON.parse(text)).toEqual(answer);
  });
});

describe('a command that talks to a server', () => {
  it('finds the admin key in a file, or in the data directory of a server in development', async () => {
    const server = await anAdminServer((_, response) => json(response, status));
    const dataDir = aDirectory();
    mkdirSync(join(dataDir, 'keys'));
    writeFileSync(join(dataDir, 'keys', 'admin.key'), `${'cd'.repeat(32)}\n`);
    const file = join(aDirectory(), 'admin.keys');
    writeFileSync(file, `${KEY},${'ef'.repeat(32)}\n`);
    const at = ['keys', 'status', '--server', server.url];
    await signalbox([...at, '--data-dir', dataDir]);
    await signalbox(at, { env: { SIGNALBOX_DATA_DIR: dataDir } });
    await signalbox(at, { env: { SIGNALBOX_DATA_DIR: dataDir, SIGNALBOX_ADMIN_KEYS_FILE: file } });
    expect(server.asked.map(({ authorization }) => authorization)).toEqual([
      `Bearer ${'cd'.repeat(32)}`,
      `Bearer ${'cd'.repeat(32)}`,
      `Bearer ${KEY}`,
    ]);
  });

  it('says how to name a key when there is none, and asks nobody', async () => {
    const server = await anAdminServer((_, response) => json(response, status));
    const dataDir = aDirectory();
    expect(await signalbox(['keys', 'status', '--server', server.url, '--data-dir', dataDir])).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: `There is no admin key: SIGNALBOX_ADMIN_KEYS is not set, and ${dataDir}/keys/admin.key cannot be read. Set SIGNALBOX_ADMIN_KEYS or SIGNALBOX_ADMIN_KEYS_FILE as the server has it, or name its data directory: --data-dir DIR.\n`,
    });
    expect(server.asked).toEqual([]);
  });

  it.each([
    [401, 'INVALID_CREDENTIALS', ' The admin key is not one of this server: see --help.'],
    [403, 'NOT_AUTHORIZED', ' The admin key is not one of this server: see --help.'],
    [503, 'LOG_UNAVAILABLE', ''],
  ])('tells a person what problem %i %s is', async (status, code, hint) => {
    const server = await anAdminServer((_, response) =>
      json(response, problem(status, code), status, 'application/problem+json'),
    );
    const ran = await signalbox(['keys', 'rotate', '--server', server.url], { env });
    expect(ran).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: `You may not do this (${status} ${code}). Another caller may.${hint} Trace id ${'f'.repeat(32)}.\n`,
    });
  });

  it('tells of a server that is away, that is another one, that sends elsewhere, and that is of another version', async () => {
    let answer: { status: number; body: string; headers?: Record<string, string> } = { status: 404, body: '<html>' };
    const server = await anAdminServer(
      (_, response) => void response.writeHead(answer.status, answer.headers).end(answer.body),
    );
    const told = async () => {
      const ran = await signalbox(['keys', 'status', '--server', server.url], { env });
      expect(ran).toMatchObject({ code: 1, stdout: '' });
      expect(ran.stderr).not.toContain(KEY);
      return ran.stderr;
    };
    expect(await told()).toBe(
      `${server.url} answers 404, and not as Signalbox does. Is it the right address? --server\n`,
    );
    answer = { status: 302, body: '', headers: { location: 'http://elsewhere.example' } };
    expect(await told()).toBe(
      `${server.url} sends elsewhere (302). Name the address that it sends to: --server URL.\n`,
    );
    answer = { status: 200, body: '{"current":1}' };
    expect(await told()).toContain('answers /v1/admin/keys with something that this version does not know');
    const away = await anAdminServer(() => {});
    await away.close();
    expect(await signalbox(['keys', 'status', '--server', away.url], { env })).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: `${away.url} cannot be reached (ECONNREFUSED). Is the server running, and is its address right? --server URL\n`,
    });
  });

  it('gives up on a server that does not answer', async () => {
    const server = await anAdminServer(() => {});
    const timers = {
      after: (_ms: number, work: () => void) => {
        queueMicrotask(work);
        return () => {};
      },
    };
    expect(await signalbox(['keys', 'status', '--server', server.url], { env, timers })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${server.url} does not answer within 60 seconds.`),
    });
  });

  it.each(['nonsense', 'ftp://x', 'http://user:pass@x', 'http://x/?a=b'])('refuses %s as an address', async (url) => {
    const wrong = await signalbox(['keys', 'status', '--server', url], { env });
    expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--server needs the address') });
    expect(wrong.stderr).not.toContain('pass@');
  });
});
