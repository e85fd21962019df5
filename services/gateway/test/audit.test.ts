import { once } from 'node:events';
import { connect } from 'node:net';
import { createAudit } from '@signalbox/audit';
import { cloudEvent } from '@signalbox/contracts';
import type { DomainEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import { bindProjection, type NewEvent, streamName } from '@signalbox/event-sourcing';
import { type App, createHttpApp } from '@signalbox/http';
import type { Scope } from '@signalbox/identity';
import { memoryAuditIndex, memoryEventLog, memoryIdempotencyStore, memoryRateLimiter } from '@signalbox/memory';
import { recordedCredentials, recordedSessions } from '@signalbox/read-models/projections';
import { createLogger, loadConfig, noMetrics } from '@signalbox/runtime';
import {
  answered,
  type FakeClock,
  fakeClock,
  issued,
  metadata,
  offered,
  offerTtlMs,
  scanningHistory,
  seededChance,
  settle,
  t0,
  unsealed,
  until,
  withdrawn,
} from '@signalbox/testing';
import { diagnose } from '@signalbox/verdict';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Rebuilds, rebuildRoutes } from '../src/routes/admin/rebuilds.ts';
import { auditRoutes } from '../src/routes/audit/index.ts';

const codec = createEventCodec(unsealed);
const chance = seededChance(3);

/** The routes on the real HTTP layer, over a log in memory. `Authorization` names the scope that a caller has. */
const createRig = async () => {
  const loaded = loadConfig({ SIGNALBOX_RATE_LIMITS: 'off' }, () => '');
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const clock = fakeClock(t0);
  const log = memoryEventLog({ now: clock.now, id: 'log-1' });
  const { index, sessions, credentials } = memoryAuditIndex();
  const bound = [
    bindProjection(recordedSessions, sessions, async () => []),
    bindProjection(recordedCredentials, credentials, async () => []),
  ];
  const record = async (category: string, id: string, events: readonly DomainEvent[], actor = 'alice') => {
    const stream = streamName(category, id);
    const before = (await log.readStream(stream)).length;
    const encoded = await codec.encode(stream, before, events, null);
    const added = encoded.map(
      (event): NewEvent => ({
        ...event,
        ...{ id: chance.uuid(), metadata: metadata({ actor }), hash: new Uint8Array([1, 2]), previousHash: null },
      }),
    );
    const appended = await log.append(stream, added, before === 0 ? 'no_stream' : before - 1);
    if (appended.kind !== 'appended') throw new Error('The test appends one after another.');
    const recorded = await log.readAll(appended.position - events.length, events.length);
    for (const one of bound) await one.apply((await codec.decode(recorded, 'skip')) as never, appended.position);
  };
  const app = await createHttpApp({
    config: loaded.ok,
    tls: null,
    title: 'Signalbox',
    description: 'For tests.',
    onSessionProblem: () => undefined,
    sections: ['audit', 'admin'],
    version: '1.2.3',
    instance: 'test-1',
    authenticate: async ({ headers }) => {
      const scope = String(headers.authorization).split(' ')[1] as Scope;
      return { kind: 'caller', caller: { identity: 'the-auditor', scopes: new Set([scope]), proof: null } as never };
    },
    rateLimiter: memoryRateLimiter(),
    idempotency: memoryIdempotencyStore(),
    checks: [],
    load: { overloaded: () => false },
    telemetry: { metrics: noMetrics, tracing: null, renderMetrics: async () => '' },
    logger: createLogger({ level: 'silent', instance: 'test-1', pretty: false }),
    ...{ clock, timers: clock, chance, checkResponses: true },
  });
  const audit = createAudit({
    ...{ log, index, diagnose, open: unsealed.open, history: scanningHistory(log), offerMaxTtlMs: offerTtlMs },
    ...{ now: clock.now, dateOf: (time) => new Date(time).toISOString().slice(0, 10) },
  });
  const shown = { payloads: 0 };
  const begun: string[] = [];
  const rebuilds: Rebuilds = {
    names: ['all'],
    begin: async (name) => `${name}-${begun.push(name)}`,
    find: async (name, rebuildId) =>
      begun.length > 0 && rebuildId === `${name}-${begun.length}`
        ? { rebuildId, name, state: 'running', events: 5, position: 7, head: 9 }
        : undefined,
  };
  const operations: unknown[] = [];
  await app.register(auditRoutes, {
    ...{ audit, log, source: 'signalbox', timers: clock, now: clock.now, maxWaitMs: 30_000, requestMs: 10_000 },
    onShown: (payloads) => {
      shown.payloads += payloads;
    },
    health: async () => ({
      head: 4,
      checkpoint: null,
      contradiction: null,
      verification: null,
      keys: { unneeded: [] },
      readModels: [],
    }),
  });
  await app.register(rebuildRoutes, {
    ...{ rebuilds, now: clock.now },
    recordOperation: async (operation) => void operations.push(operation),
    contextOf: () => ({}) as never,
  });
  await app.ready();
  onTestFinished(() => app.close());
  return { app, clock, log, record, shown, operations };
};

let app: App;
let clock: FakeClock;
let rig: Awaited<ReturnType<typeof createRig>>;
beforeEach(async () => {
  rig = await createRig();
  ({ app, clock } = rig);
  await rig.record('session', 's1', [offered()]);
  await rig.record('session', 's1', [answered()], 'bob');
  await rig.record('session', 's2', [offered({ publishedAt: t0 + 1, publisher: 'bob', tags: ['games'] })], 'bob');
  await rig.record('credential', 'carol', [issued({ sealedSecret: 'sealed-canary' })], 'carol');
});

const get = async (url: string, headers: Readonly<Record<string, string>> = {}) => {
  const answer = await app.inject({ method: 'GET', url, headers: { authorization: 'Bearer audit', ...headers } });
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
};

describe('the audit routes', () => {
  it('are for auditors alone', async () => {
    for (const url of ['sessions', 'sessions/s1', 'events', 'identities/bob', 'health', 'credentials/carol']) {
      const path = `/v1/audit/${url}`;
      expect((await get(path, { authorization: 'Bearer client' })).status).toBe(403);
      expect((await get(path)).status).toBe(200);
      expect((await get(path, { authorization: 'Bearer admin' })).status).toBe(200);
    }
  });

  it('tell the timeline of a session, with a verdict, and count what they show', async () => {
    const { body, status } = await get('/v1/audit/sessions/s1');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ sessionId: 's1', state: 'answered', offerer: 'alice', answerer: 'bob', redacted: false, refusals: [] },
      entries: [
        { type: 'OfferPublished', actor: 'alice', payload: offered().data, hash: '0102', readable: true },
        { type: 'OfferAnswered', actor: 'bob' },
      ],
      verdict: { outcome: expect.any(String), sentence: expect.any(String) },
    });
    expect(rig.shown.payloads).toBe(2);
    expect((await get('/v1/audit/sessions/s9')).body).toMatchObject({ status: 404, code: 'OFFER_NOT_FOUND' });
  });

  it('tell the state at a time and at a revision, and refuse both at once', async () => {
    const at = await get(`/v1/audit/sessions/s1/state?at=${t0}`);
    expect(at.body).toMatchObject({ sessionId: 's1', at: t0, revision: 1, state: { status: 'answered' } });
    const first = await get('/v1/audit/sessions/s1/state?revision=0');
    expect(first.body).toMatchObject({ at: null, revision: 0, position: 1, state: { status: 'open' } });
    expect(first.body.stateHash).not.toBe(at.body.stateHash);
    expect((await get(`/v1/audit/sessions/s1/state?at=${t0 - 1}`)).status).toBe(404);
    expect((await get('/v1/audit/sessions/s1/state?at=1&revision=1')).status).toBe(400);
    expect((await get('/v1/audit/sessions/s1/state?at=yesterday')).status).toBe(400);
  });

  it('never show the secret of a credential', async () => {
    const timeline = await get('/v1/audit/credentials/carol');
    const state = await get('/v1/audit/credentials/carol/state');
    expect(timeline.body).toMatchObject({ name: 'carol', state: 'active', entries: [{ type: 'CredentialIssued' }] });
    expect(state.body).toMatchObject({ name: 'carol', state: { status: 'active' } });
    const page = await get('/v1/audit/events?stream=credential-carol');
    expect(page.body.events).toHaveLength(1);
    expect(JSON.stringify([timeline.body, state.body, page.body])).not.toContain('canary');
    expect((await get('/v1/audit/credentials/nobody')).body).toMatchObject({ code: 'CREDENTIAL_NOT_FOUND' });
  });

  it('search sessions, page by page', async () => {
    const all = await get('/v1/audit/sessions');
    expect(all.body).toMatchObject({
      sessions: [
        { sessionId: 's2', publisher: 'bob', answerer: null, tags: ['games'], state: 'open', publishedAt: t0 + 1 },
        { sessionId: 's1', publisher: 'alice', answerer: 'bob', state: 'answered', endedAt: null, redacted: false },
      ],
      cursor: null,
    });
    expect((await get('/v1/audit/sessions?tag=games')).body.sessions).toHaveLength(1);
    const first = await get('/v1/audit/sessions?identity=bob&limit=1');
    const second = await get(`/v1/audit/sessions?identity=bob&limit=1&cursor=${first.body.cursor}`);
    expect([first, second].map(({ body }) => body.sessions[0].sessionId)).toEqual(['s2', 's1']);
    expect(second.body.cursor).toBeNull();
    expect((await get('/v1/audit/sessions?cursor=nonsense')).body).toMatchObject({ code: 'INVALID_CURSOR' });
  });

  it('tell what an identity did, and not what others did in its sessions', async () => {
    const { body } = await get('/v1/audit/identities/bob');
    expect(body).toMatchObject({ identity: 'bob', cursor: null, credential: null });
    expect(body.events.map(({ type, stream }: Record<string, string>) => [type, stream])).toEqual([
      ['OfferPublished', 'session-s2'],
      ['OfferAnswered', 'session-s1'],
    ]);
    expect((await get('/v1/audit/identities/carol')).body.credential).toMatchObject({ name: 'carol' });
  });

  it('page through the log in both directions', async () => {
    for (const order of ['oldest', 'newest']) {
      const positions: number[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { body } = await get(`/v1/audit/events?limit=3&order=${order}${cursor && `&cursor=${cursor}`}`);
        positions.push(...body.events.map(({ position }: { position: number }) => position));
        cursor = body.cursor;
      }
      expect(positions).toEqual(order === 'oldest' ? [1, 2, 3, 4] : [4, 3, 2, 1]);
    }
    const typed = await get('/v1/audit/events?type=OfferAnswered&trace=0af7651916cd43dd8448eb211c80319c');
    expect(typed.body.events).toMatchObject([{ position: 2 }]);
    expect((await get('/v1/audit/events?cursor=nonsense')).body).toMatchObject({ code: 'INVALID_CURSOR' });
  });

  it('hold a page back until something is recorded, or the wait is over', async () => {
    const { body } = await get('/v1/audit/events');
    const url = `/v1/audit/events?cursor=${body.resume}`;
    const wait = get(url, { prefer: 'wait=20' });
    await rig.record('session', 's1', [withdrawn()]);
    const answer = await wait;
    expect(answer.body).toMatchObject({ events: [{ type: 'SessionWithdrawn' }], cursor: null });
    expect(answer.headers['preference-applied']).toBe('wait=20');
    const inVain = get(`/v1/audit/events?cursor=${answer.body.resume}`, { prefer: 'wait=20' });
    let over = false;
    const done = inVain.finally(() => {
      over = true;
    });
    await until('the wait is over', async () => {
      await clock.advance(1_000);
      return over;
    });
    expect((await done).body.events).toEqual([]);
  });

  it('stream the log as CloudEvents that hold what the log holds', async () => {
    const answer = await app.inject({
      url: '/v1/audit/events',
      headers: { authorization: 'Bearer audit', accept: 'application/x-ndjson' },
    });
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    const events = answer.body
      .trimEnd()
      .split('\n')
      .map((line) => cloudEvent.parse(JSON.parse(line)));
    expect(events.map(({ position, subject, source }) => [position, subject, source])).toEqual([
      ['1', 'session-s1', 'signalbox'],
      ['2', 'session-s1', 'signalbox'],
      ['3', 'session-s2', 'signalbox'],
      ['4', 'credential-carol', 'signalbox'],
    ]);
    expect(events[0]).toMatchObject({ type: 'OfferPublished', data: offered().data, hash: 'AQI' });
  });

  it('stream as slowly as they are read, and no deadline cuts that', async () => {
    const sdp = 'v=0'.repeat(20_000);
    for (let i = 0; i < 800; i++) await rig.record('session', `big${i}`, [offered({ sdp })]);
    let read = 0;
    const { readAll } = rig.log;
    Object.assign(rig.log, {
      readAll: (...args: Parameters<typeof readAll>) => {
        read++;
        return readAll(...args);
      },
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const address = app.server.address();
    const socket = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    socket.write(
      'GET /v1/audit/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer audit\r\n' +
        'accept: application/x-ndjson\r\n\r\n',
    );
    await once(socket, 'readable');
    await clock.advance(3_600_000);
    await settle();
    // The whole is 48 MB in nine pages, and nobody has taken any of it yet.
    expect(read).toBeLessThan(6);
    let text = '';
    for await (const chunk of socket) text += chunk;
    expect(text.split('\n').filter((line) => line.startsWith('{'))).toHaveLength(804);
    expect(text).toContain('"position":"804"');
    expect(read).toBeGreaterThan(8);
  });

  it('refuse moments that have yet to come, and say what time it is', async () => {
    for (const path of ['sessions/s1/state?', 'credentials/carol/state?', 'read-models/discovery?tag=games&']) {
      const ahead = await get(`/v1/audit/${path}at=${t0 + 5_001}`);
      expect([path, ahead.status, ahead.body.code]).toEqual([path, 400, 'INVALID_PARAMS']);
      expect(ahead.body.detail).toContain(`it is ${t0} here`);
      expect((await get(`/v1/audit/${path}at=${t0 + 5_000}`)).status).toBe(200);
    }
    const { body } = await get(`/v1/audit/sessions/s1/state?at=${t0}`);
    expect(body).toMatchObject({ dueAt: expect.any(Number), overdue: false });
    await clock.advance(body.dueAt - t0);
    expect((await get(`/v1/audit/sessions/s1/state?at=${body.dueAt}`)).body).toMatchObject({ overdue: true });
  });

  it('show what discovery showed at a moment', async () => {
    await clock.advance(5_000);
    await rig.record('session', 's2', [withdrawn()], 'bob');
    const now = await get(`/v1/audit/read-models/discovery?at=${t0 + 5_000}`);
    expect(now.body).toMatchObject({ sessions: [], unreadable: 0 });
    const then = await get(`/v1/audit/read-models/discovery?at=${t0 + 4_999}&tag=games`);
    expect(then.body).toMatchObject({ at: t0 + 4_999, position: 4, sessions: [{ sessionId: 's2', tags: ['games'] }] });
    expect(then.body.stateHash).not.toBe(now.body.stateHash);
    // Without a moment it is now, by the clock of the server.
    const { at: _, ...asOfNow } = now.body;
    const unasked = await get('/v1/audit/read-models/discovery');
    expect([unasked.status, unasked.body]).toEqual([200, { at: clock.now(), ...asOfNow }]);
  });
});

describe('the routes of rebuilds', () => {
  it('begin one, record who asked, and tell how far it is', async () => {
    const headers = { authorization: 'Bearer admin' };
    const url = '/v1/admin/read-models/all/rebuilds';
    const begun = await app.inject({ method: 'POST', url, headers });
    expect(begun.statusCode).toBe(202);
    expect(begun.json()).toEqual({ rebuildId: 'all-1' });
    expect(begun.headers.location).toBe(`${url}/all-1`);
    expect(rig.operations).toMatchObject([{ type: 'AdminActed', data: { target: 'all' } }]);
    expect((await get(`${url}/all-1`, headers)).body).toMatchObject({
      state: 'running',
      events: 5,
      position: 7,
      head: 9,
    });
    expect((await get(`${url}/other`, headers)).status).toBe(404);
    const unknown = await app.inject({ method: 'POST', url: url.replace('all', 'feeds'), headers });
    expect(unknown.json()).toMatchObject({ status: 404, detail: expect.stringContaining('all') });
    expect((await app.inject({ method: 'POST', url, headers: { authorization: 'Bearer audit' } })).statusCode).toBe(
      403,
    );
  });
});
