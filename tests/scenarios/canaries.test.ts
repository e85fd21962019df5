import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@signalbox/testing';
import { expect, it } from 'vitest';
import { type CanaryCall, callWithCanaries, canariesIn, filesIn, whatIsTold } from '../support/canaries.ts';
import { bearer, type Caller, send, v1 } from '../support/client.ts';
import { spawnService, temporaryDirectory } from '../support/process.ts';
import { type Server, startServer } from '../support/server.ts';

const adminOf = (server: Server): Caller =>
  bearer('admin', readFileSync(join(server.dataDir, 'keys', 'admin.key'), 'utf8').trim());

/** A command of the operator, to its end. */
const signalbox = async (...args: readonly string[]) => {
  const { exited, output } = spawnService('services/cli/src/main.ts', {}, args);
  const { code } = await exited;
  return { code, output: output() };
};

/** Every file there is: the server's own, a copy of them, and an export of the call. */
const everyFile = async (server: Server, { id }: CanaryCall) => {
  const copy = temporaryDirectory();
  cpSync(server.dataDir, copy, { recursive: true });
  return [...filesIn(server.dataDir), ...filesIn(copy), await exported(server, '--session', id)];
};

const exported = async (server: Server, ...which: readonly string[]) => {
  const file = join(temporaryDirectory(), 'export.ndjson');
  const { code, output: said } = await signalbox('export', '--data-dir', server.dataDir, ...which, '--out', file);
  if (code !== 0) throw new Error(said);
  return [file, readFileSync(file)] as const;
};

/** The log, what is measured, and what operators are shown of a call. */
const everyText = async (server: Server, { id, alice }: CanaryCall) => {
  const admin = v1(server, adminOf(server));
  const paths = [
    ...['/metrics', `/v1/audit/sessions/${id}`, `/v1/audit/sessions/${id}/state?revision=2`],
    ...[`/v1/audit/credentials/${alice.identity}`, `/v1/audit/identities/${alice.identity}`],
    ...['/v1/audit/events?limit=200', '/v1/audit/sessions'],
  ];
  const answers: (readonly [string, Buffer])[] = [];
  for (const path of paths) {
    const { status, text } = await admin.get(path);
    expect([path, status]).toEqual([path, 200]);
    answers.push([path, Buffer.from(text)]);
  }
  return answers;
};

const output = (server: Server) => [['its output', Buffer.from(server.output())]] as const;

const expectIntact = async (server: Server) => {
  const verified = await signalbox('verify', '--data-dir', server.dataDir, '--json');
  expect(verified.output).toContain('"intact":true');
  expect(verified.code).toBe(0);
};

const typesOf = async (server: Server, id: string) => {
  const timeline = await v1(server, adminOf(server)).get<{
    readonly entries: readonly { readonly type: string; readonly at: number; readonly readable: boolean }[];
  }>(`/v1/audit/sessions/${id}`);
  expect(timeline.status).toBe(200);
  return timeline.body.entries;
};

const erase = (server: Server, body: unknown) =>
  send<{ readonly sessions: number; readonly credentials: number; readonly dataKeys: number }>(
    server,
    adminOf(server),
    {
      ...{ method: 'POST', path: '/v1/admin/erasures', body },
    },
  );

const gone = async (server: Server, call: CanaryCall) => {
  expect(canariesIn(call.canaries, [['the API', Buffer.from(await whatIsTold(server, call))]])).toEqual([]);
  expect(canariesIn(call.canaries, await everyText(server, call))).toEqual([]);
  for (const by of [call.alice, call.bob]) {
    expect([404, 401]).toContain((await v1(server, by).get(`/v1/sessions/${call.id}`)).status);
  }
};

it('nothing private is in any file while calls are alive, nor anywhere after they are erased', async () => {
  await using server = await startServer({ env: { SIGNALBOX_LOG_LEVEL: 'trace' } });
  const [one, other] = [await callWithCanaries(server), await callWithCanaries(server)];
  const told = [['the API', Buffer.from(await whatIsTold(server, one))]] as const;
  // Its parties see everything but what was held, and the secret is shown only once.
  expect(canariesIn(one.canaries, told)).toHaveLength(one.canaries.size - 2);
  const files = await everyFile(server, one);
  expect(
    files.some(([, bytes]) => bytes.includes(one.id)),
    'the files hold what is not private',
  ).toBe(true);
  expect(canariesIn(one.canaries, [...files, ...output(server)])).toEqual([]);
  const before = await typesOf(server, one.id);
  expect(before.every(({ readable }) => readable)).toBe(true);

  expect((await erase(server, { sessionId: 'no-such-session' })).status).toBe(404);
  const erased = await erase(server, { sessionId: one.id });
  expect([erased.status, erased.body]).toMatchObject([201, { sessions: 1, credentials: 0 }]);
  await gone(server, { ...one, canaries: new Map([...one.canaries].filter(([what]) => what !== 'the secret')) });
  // What happened, and when, is as it was.
  const after = await typesOf(server, one.id);
  const shape = (entries: typeof after) => entries.map(({ type, at }) => ({ type, at }));
  expect(shape(after.filter(({ type }) => before.some((entry) => entry.type === type)))).toEqual(
    expect.arrayContaining(shape(before.filter(({ type }) => type.startsWith('Offer')))),
  );
  expect(after.filter(({ readable }) => readable).map(({ type }) => type)).toContain('SessionRedacted');

  const second = await erase(server, { identity: other.alice.identity });
  expect([second.status, second.body]).toMatchObject([201, { sessions: 1, credentials: 1 }]);
  expect((await v1(server, other.alice).get('/v1/feed')).status).toBe(401);
  const again = await erase(server, { identity: other.alice.identity });
  expect([again.status, again.body]).toMatchObject([201, { sessions: 1, credentials: 1, dataKeys: 0 }]);
  await gone(server, other);
  await expectIntact(server);

  await server.kill9();
  await using next = await server.again();
  for (const call of [one, other]) {
    const canaries = new Map([...call.canaries].filter(([what]) => what !== 'the secret' || call === other));
    await gone(next, { ...call, canaries });
    expect(canariesIn(canaries, [...(await everyFile(next, call)), ...output(next)])).toEqual([]);
  }
  await expectIntact(next);
  await next.stop();
  expect(canariesIn(one.canaries, [await exported(next), ...filesIn(next.dataDir)])).toEqual([]);
});

it('an identity with hundreds of sessions is erased within a second', async ({ annotate }) => {
  await using server = await startServer({ env: { SIGNALBOX_MAX_SESSIONS_PER_IDENTITY: '1000' } });
  const call = await callWithCanaries(server);
  for (let i = 0; i < 4; i++) {
    const offers = Array.from({ length: 100 }, () => ({ sdp: 'v=0 one of many' }));
    expect((await v1(server, call.alice).publish({ tags: [call.tag], offers })).status).toBe(201);
  }
  const startedAt = performance.now();
  const erased = await erase(server, { identity: call.alice.identity });
  const tookMs = Math.round(performance.now() - startedAt);
  await annotate(`401 sessions in ${tookMs} ms`);
  expect([erased.status, erased.body]).toMatchObject([201, { sessions: 401, credentials: 1 }]);
  expect(tookMs).toBeLessThan(1_000);
  await gone(server, call);
});

it('what is older than the retention is unreadable, with one event for its epoch', async () => {
  await using server = await startServer({
    env: {
      ...{
        SIGNALBOX_OFFER_MIN_TTL_MS: '1',
        SIGNALBOX_OFFER_DEFAULT_TTL_MS: '4000',
        SIGNALBOX_OFFER_MAX_TTL_MS: '4000',
      },
      ...{ SIGNALBOX_ANSWERED_TTL_MS: '3000', SIGNALBOX_ENDED_RETENTION_MS: '500', SIGNALBOX_SWEEP_INTERVAL_MS: '200' },
      ...{ SIGNALBOX_KEY_EPOCH_MS: '1000', SIGNALBOX_RETENTION_MS: '7500', SIGNALBOX_LOG_LEVEL: 'trace' },
    },
  });
  const call = await callWithCanaries(server);
  const canaries = new Map([...call.canaries].filter(([what]) => what !== 'the secret')); // the credential lives
  const told = Buffer.from(await whatIsTold(server, call));
  expect(canariesIn(canaries, [['the API', told]])).toHaveLength(canaries.size - 1);
  const read = (await typesOf(server, call.id)).filter(({ readable }) => readable);
  expect(read.map(({ type }) => type)).toContain('OfferPublished');

  await until(
    'the session is redacted',
    async () => {
      const entries = await typesOf(server, call.id);
      return entries.some(({ type }) => type === 'SessionRedacted');
    },
    { withinMs: 60_000, everyMs: 200 },
  );
  await gone(server, { ...call, canaries });
  expect(canariesIn(canaries, [...(await everyFile(server, call)), ...output(server)])).toEqual([]);
  const left = await typesOf(server, call.id);
  expect(left.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['OfferPublished', 'OfferAnswered', 'SessionExpired']),
  );
  const events = await v1(server, adminOf(server)).get<{ readonly events: readonly { readonly type: string }[] }>(
    '/v1/audit/events?limit=200&type=EpochKeyDestroyed',
  );
  expect(events.body.events.length).toBeGreaterThanOrEqual(1);
  await expectIntact(server);
});
