import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { until } from '@signalbox/testing';
import { expect, it } from 'vitest';
import { bearer, candidateOf, newTag, newTokenCaller, publishOne, sdpOf, send, v1 } from '../support/client.ts';
import { node, root } from '../support/process.ts';
import { type Server, startServer, temporaryDirectory } from '../support/server.ts';

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

const run = (script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { cwd: root, env: { PATH: process.env.PATH, ...env } };
    execFile(node, [script, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

const signalbox = (server: Pick<Server, 'dataDir'>, ...args: readonly string[]) =>
  run('services/cli/src/main.ts', args, { SIGNALBOX_DATA_DIR: server.dataDir });

const adminOf = ({ dataDir }: Server) =>
  bearer('admin', readFileSync(join(dataDir, 'keys', 'admin.key'), 'utf8').trim());

/** A call from the offer to the candidates of both. */
const aCall = async (server: Server): Promise<string> => {
  const [alice, bob] = [v1(server, await newTokenCaller(server)), v1(server, await newTokenCaller(server))];
  const id = await publishOne(alice, newTag());
  await bob.answer(id, { sdp: sdpOf('answer') });
  await alice.trickle(id, [candidateOf('someone', 1)]);
  await bob.trickle(id, [candidateOf('someone', 1)]);
  return id;
};

type Health = {
  readonly contradiction: { readonly reason: string; readonly since: number } | null;
  readonly head: number;
  readonly checkpoint: { readonly position: number } | null;
  readonly verification: { readonly intact: boolean; readonly position: number } | null;
};

const healthOf = async (server: Server): Promise<Health> =>
  (await send<Health>(server, adminOf(server), { method: 'GET', path: '/v1/audit/health' })).body;

/** Resolves when a checkpoint covers what is there now. */
const covered = async (server: Server) => {
  const { head } = await healthOf(server);
  await until('a checkpoint covers it', async () => ((await healthOf(server)).checkpoint?.position ?? 0) >= head);
};

it('a running server is verified, also after kill -9, and is told what was found', async () => {
  await using first = await startServer();
  await aCall(first);
  await first.kill9();
  await using server = await first.again();
  await aCall(server);
  await covered(server);

  const { code, stdout, stderr } = await signalbox(server, 'verify', '--report', '--server', server.url);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Intact: \d+ events .*checkpoints? agree/s);
  expect((await healthOf(server)).verification).toMatchObject({ intact: true, firstDifference: null });
});

it('the proof of a call is one file, which another program checks without the server', async () => {
  await using server = await startServer();
  const id = await aCall(server);
  await covered(server);
  const file = join(temporaryDirectory(), 'proof.json');
  const made = await signalbox(server, 'proof', id, '--server', server.url, '--out', file);
  expect([made.code, made.stderr]).toEqual([0, expect.stringMatching(/events proven/)]);
  await server.stop();

  const good = await run('tools/verify/verify.mjs', [file]);
  expect([good.code, good.stdout]).toEqual([0, expect.stringMatching(/^Intact/)]);
  // One letter of who did it.
  const text = readFileSync(file, 'utf8');
  const forged = text.replace(/("actor":\s*")(.)/, (_, name, letter) => `${name}${letter === 'x' ? 'y' : 'x'}`);
  expect(forged).not.toBe(text);
  writeFileSync(file, forged);
  const bad = await run('tools/verify/verify.mjs', [file]);
  expect(bad.code).toBe(1);
});

it('one changed byte in the stored log is found, and so is an event that is gone', async () => {
  await using server = await startServer();
  const id = await aCall(server);
  await covered(server);
  await server.stop();
  const change = (sql: string) => {
    const db = new DatabaseSync(join(server.dataDir, 'signalbox.db'));
    const { changes } = db.prepare(sql).run();
    db.close();
    expect(Number(changes)).toBe(1);
  };
  const stream = `(SELECT id FROM streams WHERE name = 'session-${id}')`;
  expect((await signalbox(server, 'verify')).code).toBe(0);

  change(`UPDATE events SET actor = 'mallory' WHERE stream_id = ${stream} AND revision = 1`);
  const changed = await signalbox(server, 'verify');
  expect(changed.code).toBe(1);
  const position = /position (\d+)/.exec(changed.stderr)?.[1];
  change(`DELETE FROM events WHERE stream_id = ${stream} AND revision = 1`);
  const gone = await signalbox(server, 'verify');
  expect([gone.code, /position (\d+)/.exec(gone.stderr)?.[1]]).toEqual([1, position]);
});

it('a new master key takes over while the server serves, and the old one is needed no more', async () => {
  const [before, after] = ['ab12'.repeat(16), 'cd34'.repeat(16)];
  await using first = await startServer({ env: { SIGNALBOX_MASTER_KEYS: before } });
  const alice = await newTokenCaller(first);
  const id = await publishOne(v1(first, alice), newTag());
  await first.stop();
  await using both = await first.again({ SIGNALBOX_MASTER_KEYS: `${after},${before}` });
  const asking = { done: false, failed: 0 };
  const reads = (async () => {
    while (!asking.done) if ((await v1(both, alice).get(`/v1/sessions/${id}`)).status !== 200) asking.failed++;
  })();
  const rotated = await signalbox(both, 'keys', 'rotate', '--server', both.url);
  asking.done = true;
  await reads;
  expect([rotated.code, asking.failed]).toEqual([0, 0]);
  const status = await signalbox(both, 'keys', 'status', '--server', both.url, '--json');
  expect(JSON.parse(status.stdout).unneeded).toHaveLength(1);
  await both.stop();

  await using server = await both.again({ SIGNALBOX_MASTER_KEYS: after });
  expect((await v1(server, alice).get(`/v1/sessions/${id}`)).status).toBe(200);
  const admin = adminOf(server);
  const timeline = await send<{ entries: readonly { readable: boolean }[] }>(server, admin, {
    ...{ method: 'GET', path: `/v1/audit/sessions/${id}` },
  });
  expect(timeline.body.entries[0]).toMatchObject({ readable: true, payload: { sdp: expect.any(String) } });
});

it('a log that was put back to an older state is served, and not signed until somebody has accepted it', async () => {
  await using first = await startServer();
  const early = await aCall(first);
  await covered(first);
  await first.stop();
  const log = join(first.dataDir, 'signalbox.db');
  const backup = join(temporaryDirectory(), 'backup.db');
  copyFileSync(log, backup);
  await using second = await first.again();
  await aCall(second);
  await covered(second);
  await second.stop();
  for (const suffix of ['', '-wal', '-shm']) rmSync(log + suffix, { force: true });
  copyFileSync(backup, log);

  await using server = await second.again();
  const admin = adminOf(server);
  const found = await until('the notary has found it', async () => (await healthOf(server)).contradiction ?? undefined);
  expect(found.reason).toMatch(/not what was signed|shorter than what was signed/);
  const lastSigned = (await healthOf(server)).checkpoint?.position ?? 0;
  await aCall(server);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('signalbox_log_contradicted 1');
  expect((await healthOf(server)).checkpoint?.position).toBe(lastSigned);
  expect((await signalbox(server, 'timeline', early, '--server', server.url)).code).toBe(0);

  const unreasoned = await signalbox(server, 'checkpoints', 'accept', '--server', server.url);
  expect([unreasoned.code, unreasoned.stderr]).toEqual([2, expect.stringContaining('--reason')]);
  const accept = ['checkpoints', 'accept', '--reason', 'restored from a backup', '--server', server.url];
  const accepted = await signalbox(server, ...accept);
  expect([accepted.code, accepted.stdout]).toEqual([0, expect.stringContaining('Accepted, although the log is')]);
  await until('it is signed again', async () => {
    const { contradiction, checkpoint } = await healthOf(server);
    return contradiction === null && (checkpoint?.position ?? 0) > lastSigned;
  });
  const again = await signalbox(server, ...accept);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('nothing to accept')]);
  const { body } = await send<{ events: readonly { readonly payload: unknown }[] }>(server, admin, {
    ...{ method: 'GET', path: '/v1/audit/events?type=AdminActed&order=newest' },
  });
  expect(body.events[0]).toMatchObject({
    payload: { action: 'accept the log as it is', target: 'restored from a backup' },
  });
});
