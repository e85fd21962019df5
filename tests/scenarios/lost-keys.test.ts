import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createEventCodec } from '@signalbox/event-schemas';
import { streamName } from '@signalbox/event-sourcing';
import { openSqliteLog } from '@signalbox/log-sqlite';
import { systemChance } from '@signalbox/runtime';
import { metadata, until } from '@signalbox/testing';
import { keyRing } from '@signalbox/vault';
import { describe, expect, it } from 'vitest';
import {
  bearer,
  candidateOf,
  ed25519Caller,
  hmacCaller,
  newTag,
  newTokenCaller,
  publishOne,
  sdpOf,
  send,
  v1,
} from '../support/client.ts';
import { spawnService } from '../support/process.ts';
import { type Server, spawnServer, startServer, temporaryDirectory } from '../support/server.ts';

const served = async (): Promise<string> => {
  const dataDir = temporaryDirectory();
  const server = await startServer({ dataDir });
  await newTokenCaller(server);
  await server.stop();
  return dataDir;
};

const startAndFail = async (dataDir: string) => {
  const { end, exited, output } = spawnServer({ SIGNALBOX_PORT: '0', SIGNALBOX_DATA_DIR: dataDir });
  const tooLong = setTimeout(() => void end('SIGKILL'), 20_000);
  const { code } = await exited;
  clearTimeout(tooLong);
  return { code, output: output() };
};

describe('a server whose keys are gone', () => {
  it('does not start with an empty key store in the place of the lost one, however often it is tried', async () => {
    const dataDir = await served();
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(dataDir, `keys.db${suffix}`), { force: true });
    for (const _ of [1, 2]) {
      const { code, output } = await startAndFail(dataDir);
      expect(output).toMatch(/key store is empty, but the log holds sealed events.*backup/s);
      expect(code).toBe(1);
    }
  });

  it('says so when it is given a key store from before what it holds', async () => {
    const dataDir = await served();
    const keys = join(dataDir, 'keys.db');
    copyFileSync(keys, `${keys}.old`);
    // More than the keys that were made ahead.
    await using first = await startServer({ dataDir });
    const by = await newTokenCaller(first);
    const offers = Array.from({ length: 100 }, () => ({ sdp: sdpOf('offer') }));
    for (let batch = 0; batch < 3; batch++) {
      expect((await v1(first, by).publish({ tags: [newTag()], offers })).status).toBe(201);
    }
    await first.stop();
    copyFileSync(`${keys}.old`, keys);
    for (const suffix of ['-wal', '-shm']) rmSync(keys + suffix, { force: true });
    await using second = await startServer({ dataDir });
    // What a process logs may arrive after what it says.
    const told = /"level":"error".*the key store is older than the log/;
    await until('it is told', () => told.test(second.output()));
    // What was sealed since can't be read, and the rest is served.
    expect(
      (await v1(second, await newTokenCaller(second)).publish({ tags: ['a'], offers: [{ sdp: 'v=0' }] })).status,
    ).toBe(201);
  });

  it('names the master key that is missing, and what to do', async () => {
    const dataDir = await served();
    rmSync(join(dataDir, 'keys', 'master.key'));
    const { code, output } = await startAndFail(dataDir);
    expect(output).toMatch(/needs a master key that is not given: \S{11}\. Add it to SIGNALBOX_MASTER_KEYS/);
    expect(code).toBe(1);
  });
});

/** What `signalbox` says and how it ends. */
const signalbox = async (...args: readonly string[]) => {
  const { exited, output } = spawnService('services/cli/src/main.ts', {}, args);
  const { code } = await exited;
  return { code, output: output() };
};

const adminOf = ({ dataDir }: Server) =>
  bearer('admin', readFileSync(join(dataDir, 'keys', 'admin.key'), 'utf8').trim());

/** Of an audit: whether everything that was said in a session can be read; null where there is nothing of it. */
const isReadable = async (server: Server, id: string): Promise<boolean | null> => {
  const { status, body } = await v1(server, adminOf(server)).get<{
    readonly entries: readonly { readonly type: string; readonly readable: boolean }[];
  }>(`/v1/audit/sessions/${id}`);
  if (status === 404) return null;
  const sealed = body.entries.filter(({ type }) => type.startsWith('Offer') || type.startsWith('Candidates'));
  if (new Set(sealed.map(({ readable }) => readable)).size !== 1) throw new Error('One session has one key.');
  return sealed.every(({ readable }) => readable);
};

/** A data directory from before payloads were sealed: one credential, whose secret a master key seals by itself. */
const fromBefore = async (masterKey: string): Promise<string> => {
  const dataDir = temporaryDirectory();
  const log = await openSqliteLog({
    path: join(dataDir, 'signalbox.db'),
    now: Date.now,
    newLogId: () => systemChance.uuid(),
  });
  const unsealed = createEventCodec({
    seal: async (_stream, _revision, payloads) => ({ keyId: null, data: payloads.map(({ data }) => data) }),
    open: async (recorded) => recorded.map(({ data }) => data),
  });
  const ring = keyRing([Buffer.from(masterKey, 'hex')], systemChance);
  const stream = streamName('credential', 'anneliese');
  const issued = {
    type: 'CredentialIssued',
    data: {
      sealedSecret: ring.seal(Buffer.from('5e'.repeat(32), 'hex'), 'credential/anneliese'),
      ...{ issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000, lifetime: 'fixed' as const },
    },
  } as const;
  const [encoded] = await unsealed.encode(stream, 0, [issued], null);
  if (!encoded) throw new Error('There is an event.');
  const about = { metadata: metadata(), hash: null, previousHash: null, id: systemChance.uuid() };
  await log.append(stream, [{ ...encoded, ...about }], 'any');
  await log.close();
  return dataDir;
};

describe('a credential from before payloads were sealed', () => {
  it('needs its master key, which “keys status” says before and after it is taken away', async () => {
    const [before, now] = ['1f'.repeat(32), '2e'.repeat(32)];
    const dataDir = await fromBefore(before);
    await using first = await startServer({ dataDir, env: { SIGNALBOX_MASTER_KEYS: `${now},${before}` } });
    const status = (server: Server) => signalbox('keys', 'status', '--server', server.url, '--data-dir', dataDir);
    const told = await status(first);
    expect(told.output).toMatch(
      /^ {2}\S{11} +1 credential {2}still needed until these credentials have ended or were/m,
    );
    expect(told.code).toBe(0);
    expect(await v1(first, hmacCaller('anneliese', '5e'.repeat(32))).feed()).toMatchObject({ status: 200 });
    await first.stop();
    await using second = await first.again({ SIGNALBOX_MASTER_KEYS: now });
    const missing = await status(second);
    expect(missing.output).toMatch(/1 credential {2}MISSING from SIGNALBOX_MASTER_KEYS\n.*1 credential can’t be read/s);
    expect(missing.code).toBe(1);
  });
});

describe('keys that were exported while the server ran', () => {
  it('give back every session from before, and none that was erased since', async () => {
    await using first = await startServer({ env: { SIGNALBOX_MAX_SESSIONS_PER_IDENTITY: '100000' } });
    const exportFile = join(temporaryDirectory(), 'keys.ndjson');
    const publishers = await Promise.all(Array.from({ length: 4 }, async () => v1(first, await newTokenCaller(first))));
    const acknowledged: string[] = [];
    let isOver = false;
    const writing = publishers.map(async (by) => {
      while (!isOver) {
        const id = await publishOne(by, newTag());
        await by.trickle(id, [candidateOf('someone', 1)]);
        acknowledged.push(id);
      }
    });
    await until('sessions are written', () => acknowledged.length >= 40);
    const owner = await newTokenCaller(first);
    const erased = await publishOne(v1(first, owner), newTag());
    const before = [...acknowledged];
    const server = ['--server', first.url, '--data-dir', first.dataDir];
    const exported = await signalbox('keys', 'export', ...server, '--out', exportFile);
    expect(exported.output).toMatch(/^Exported \d+ epochs with [\d,]+ keys\.\n$/);
    expect(acknowledged.length, 'sessions were written meanwhile').toBeGreaterThan(before.length);
    expect(readFileSync(exportFile, 'utf8')).not.toContain(
      readFileSync(join(first.dataDir, 'keys', 'master.key'), 'utf8').trim(),
    );

    const [gone = '', ...kept] = before;
    const erase = (body: unknown) => send(first, adminOf(first), { method: 'POST', path: '/v1/admin/erasures', body });
    for (const body of [{ sessionId: gone }, { identity: owner.identity }])
      expect((await erase(body)).status).toBe(201);
    expect(await isReadable(first, gone)).toBe(false);
    const acted = await v1(first, adminOf(first)).get<{ readonly events: readonly { readonly payload: unknown }[] }>(
      '/v1/audit/events?type=AdminActed',
    );
    expect(acted.body.events.map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ action: 'export keys', target: null }),
    ]);
    isOver = true;
    await Promise.all(writing);
    await first.kill9();

    const keys = join(first.dataDir, 'keys.db');
    for (const suffix of ['', '-wal', '-shm']) rmSync(keys + suffix, { force: true });
    expect(existsSync(keys)).toBe(false);
    const imported = await signalbox('keys', 'import', '--in', exportFile, '--data-dir', first.dataDir);
    expect(imported).toMatchObject({ code: 0, output: expect.stringMatching(/^Imported /) });

    await using second = await first.again();
    for (const id of kept) expect(await isReadable(second, id), id).toBe(true);
    for (const id of [gone, erased]) expect(await isReadable(second, id), id).toBe(false);
    expect((await v1(second, owner).feed()).status).toBe(401);
    expect(second.output()).toMatch(/"level":"warn".*keys that the log says were destroyed had come back/);
    // It serves, and what it says of the keys is whole.
    await publishOne(v1(second, ed25519Caller()), newTag());
    expect(await signalbox('keys', 'status', ...server)).toMatchObject({ code: 0 });
  });

  it('are given to an admin alone', async () => {
    await using server = await startServer();
    const path = '/v1/admin/keys/exports';
    const audit = await send<{ token: string }>(server, adminOf(server), {
      ...{ method: 'POST', path: '/v1/tokens', body: { scope: 'audit' } },
    });
    for (const by of [await newTokenCaller(server), bearer('admin', audit.body.token)]) {
      expect((await send(server, by, { method: 'POST', path })).status).toBe(403);
    }
  });
});
