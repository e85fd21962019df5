import { until } from '@signalbox/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Issued, newKey, type Page, type Problem, type Session, sdpOf } from './support/client.ts';
import { type FakeServer, startFakeServer } from './support/fake-server.ts';
import { edCaller } from './support/rondevu.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

let server: FakeServer;
let alice: Issued;
let bob: Issued;

const as = ({ token }: Issued) => ({ authorization: `Bearer ${token}` });

const issue = async (body?: unknown): Promise<Issued> => {
  const answer = await server.request<Issued>('POST', '/v1/credentials', body === undefined ? {} : { body });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
};

beforeEach(async () => {
  server = await startFakeServer();
  alice = await issue();
  bob = await issue();
});
afterEach(() => server.stop());

const publish = async (ttlMs: number, tag = 'chat'): Promise<Session> => {
  const body = { tags: [tag], ttlMs, offers: [{ sdp: sdpOf('offer') }] };
  const answer = await server.request<{ sessions: Session[] }>('POST', '/v1/sessions', { body, headers: as(alice) });
  expect(answer.status, answer.text).toBe(201);
  return answer.body.sessions[0]!;
};

const ends = async () =>
  (await server.recorded()).flatMap(({ stream, event }) =>
    event.type === 'SessionExpired' || event.type === 'CredentialExpired'
      ? [{ stream, type: event.type, dueAt: event.data.dueAt, expiredAt: event.data.expiredAt }]
      : [],
  );

/** The log is appended to by promises alone, which need a few turns: no time passes meanwhile. */
const untilEnded = (count: number) => until(`${count} ends are recorded`, async () => (await ends()).length >= count);

describe('an offer on a clock of the test’s own', () => {
  it('ends by a compensating event, exactly at its due time', async () => {
    const publishedAt = server.clock.now();
    const { sessionId, createdAt, expiresAt } = await publish(90 * SECOND);
    expect([createdAt, expiresAt]).toEqual([publishedAt, publishedAt + 90 * SECOND]);
    await server.clock.advance(90 * SECOND - 1);
    expect(await ends()).toEqual([]);
    await server.clock.advance(1);
    await untilEnded(1);
    expect(await ends()).toEqual([
      { stream: `session-${sessionId}`, type: 'SessionExpired', dueAt: expiresAt, expiredAt: expiresAt },
    ]);
    await server.clock.advance(10 * MINUTE);
    expect(await ends(), 'once').toHaveLength(1);
  });

  it('lives on from its answer, and no longer', async () => {
    const { sessionId } = await publish(10 * MINUTE);
    await server.clock.advance(MINUTE);
    const answeredAt = server.clock.now();
    const answer = await server.request('POST', `/v1/sessions/${sessionId}/answer`, {
      ...{ body: { sdp: 'v=0 answer' }, headers: as(bob) },
    });
    expect(answer.body).toEqual({ sessionId, answeredAt, expiresAt: answeredAt + 30 * SECOND });
    await server.clock.advance(30 * SECOND);
    await untilEnded(1);
    expect(await ends()).toMatchObject([{ dueAt: answeredAt + 30 * SECOND, expiredAt: answeredAt + 30 * SECOND }]);
    for (const who of [alice, bob]) {
      const feed = await server.request<{ items: { type: string }[] }>('GET', '/v1/feed', { headers: as(who) });
      expect(feed.body.items.at(-1)).toMatchObject({ type: 'expired', was: 'answered', sessionId });
    }
  });

  it('is shown to nobody from its due time on, also before anything has been recorded', async () => {
    const { sessionId, expiresAt } = await publish(MINUTE);
    const seen = async () => ({
      page: (await server.request<Page>('GET', '/v1/sessions?tag=chat')).body.sessions.length,
      random: (await server.request('GET', '/v1/sessions?tag=chat&pick=random')).status,
      count: (await server.request<{ counts: { chat: number } }>('GET', '/v1/tags?tag=chat')).body.counts.chat,
      own: (await server.request('GET', `/v1/sessions/${sessionId}`, { headers: as(alice) })).status,
      trickle: (
        await server.request('POST', `/v1/sessions/${sessionId}/candidates`, {
          ...{ body: { candidates: [{}] }, headers: as(bob) },
        })
      ).status,
    });
    server.clock.set(expiresAt - 1);
    expect(await seen()).toEqual({ page: 1, random: 200, count: 1, own: 200, trickle: 201 });
    server.clock.set(expiresAt); // no time passes: no timer runs, the scheduler sleeps
    expect(await seen()).toEqual({ page: 0, random: 404, count: 0, own: 410, trickle: 404 });
    const late = await server.request<Problem>('POST', `/v1/sessions/${sessionId}/answer`, {
      ...{ body: { sdp: 'v=0 late' }, headers: as(bob) },
    });
    expect([late.status, late.body.code]).toEqual([404, 'OFFER_NOT_FOUND']);
    const own = await server.request<Problem>('PATCH', `/v1/sessions/${sessionId}`, {
      ...{ body: { tags: ['x'] }, headers: as(alice) },
    });
    expect([own.status, own.body.ended]).toEqual([410, { how: 'expired', endedAt: expiresAt }]);
    expect(await ends(), 'nothing has been recorded yet').toEqual([]);
  });

  it('that fell due while the server was down ends with its true due time', async () => {
    const first = await publish(2 * MINUTE);
    const second = await publish(5 * MINUTE);
    const third = await publish(2 * HOUR);
    await server.clock.advance(MINUTE);
    await server.stop();
    await server.clock.advance(HOUR);
    await server.start();
    const restartedAt = server.clock.now();
    await untilEnded(2);
    expect((await ends()).toSorted((a, b) => a.dueAt - b.dueAt)).toEqual([
      ...[first, second].map(({ sessionId, expiresAt }) => ({
        ...{ stream: `session-${sessionId}`, type: 'SessionExpired', dueAt: expiresAt, expiredAt: restartedAt },
      })),
    ]);
    const page = await server.request<Page>('GET', '/v1/sessions?tag=chat');
    expect(page.body.sessions.map(({ sessionId }) => sessionId)).toEqual([third.sessionId]);
    await server.clock.advance(HOUR);
    await untilEnded(3);
    expect(await ends()).toHaveLength(3);
    await server.stop();
    await server.start();
    await server.clock.advance(HOUR);
    expect(await ends(), 'a start repeats no end').toHaveLength(3);
  });

  it('of thousands ends each once, in time', async () => {
    const sessions: Session[] = [];
    for (let i = 0; i < 20; i++) {
      const body = {
        tags: ['many'],
        ttlMs: MINUTE + i * 100,
        offers: Array.from({ length: 50 }, () => ({ sdp: 'v=0' })),
      };
      const answer = await server.request<{ sessions: Session[] }>('POST', '/v1/sessions', {
        body,
        headers: as(alice),
      });
      sessions.push(...answer.body.sessions);
    }
    expect(sessions).toHaveLength(1_000);
    await server.clock.advance(2 * MINUTE);
    await untilEnded(1_000);
    const recorded = await ends();
    expect(new Set(recorded.map(({ stream }) => stream)).size).toBe(1_000);
    expect(recorded).toHaveLength(1_000);
  });
});

describe('credentials and tokens on a clock of the test’s own', () => {
  it('a credential ends by a compensating event at its due time, and its token before that by itself', async () => {
    const brief = await issue({ ttlMs: 20 * MINUTE });
    const feed = () => server.request<Problem>('GET', '/v1/feed', { headers: as(brief) });
    expect(brief.expiresAt).toBe(server.clock.now() + 20 * MINUTE);
    expect((await feed()).status).toBe(200);
    server.clock.set(brief.tokenExpiresAt - 1);
    expect((await feed()).status).toBe(200);
    server.clock.set(brief.tokenExpiresAt);
    expect([(await feed()).status, (await feed()).body.code]).toEqual([401, 'INVALID_CREDENTIALS']);
    server.clock.set(brief.expiresAt - 20 * MINUTE);
    await server.clock.advance(20 * MINUTE);
    await untilEnded(1);
    expect(await ends()).toEqual([
      {
        ...{ stream: `credential-${brief.name}`, type: 'CredentialExpired' },
        ...{ dueAt: brief.expiresAt, expiredAt: brief.expiresAt },
      },
    ]);
  });

  it('a signed call is refused when its time is over, whatever the server has forgotten by then', async () => {
    const call = edCaller(newKey()).signed('poll', {}, server.clock.now());
    const send = async () =>
      (await server.request<{ success: boolean; errorCode?: string }[]>('POST', '/rpc', { body: call.items })).body[0];
    expect(await send()).toMatchObject({ success: true });
    await server.clock.advance(30 * SECOND);
    expect(await send()).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
    await server.clock.advance(31 * SECOND); // past a sweep, too
    expect(await send()).toMatchObject({ errorCode: 'INVALID_PARAMS' });
    server.clock.set(server.clock.now() - 61 * SECOND); // a clock that is set back makes nothing fresh again
    expect(await send()).toMatchObject({ success: false });
  });
});

describe('sweeps', () => {
  const sweeps = async () =>
    (await server.recorded()).flatMap(({ stream, event }) =>
      event.type === 'SweepCompleted' ? [{ stream, ...event.data }] : [],
    );

  it('run at their interval, and each leaves an event with what it removed', async () => {
    await server.stop();
    server = await startFakeServer({
      ...{ SIGNALBOX_SWEEP_INTERVAL_MS: '300000', SIGNALBOX_IDEMPOTENCY_TTL_MS: '60000' },
      SIGNALBOX_ENDED_RETENTION_MS: '120000',
    });
    const startedAt = server.clock.now();
    alice = await issue();
    await issue({ ttlMs: 60_000 });
    const headers = { ...as(alice), 'idempotency-key': 'once' };
    const body = { tags: ['swept'], offers: [{ sdp: 'v=0' }, { sdp: 'v=0 too' }] };
    await server.request('POST', '/v1/sessions', { body, headers });
    const call = edCaller(newKey()).signed('poll', {}, server.clock.now());
    await server.request('POST', '/rpc', { body: call.items });

    await server.clock.advance(300_000);
    await until('the first sweep is recorded', async () => (await sweeps()).length >= 1);
    expect(await sweeps()).toEqual([
      {
        ...{ stream: 'operations-2030-01-01', sweepId: expect.any(String) },
        ...{ startedAt: startedAt + 300_000, finishedAt: startedAt + 300_000 },
        removed: {
          ...{ sessions: 2, credentials: 1, nonces: 1, idempotencyRecords: 1, tokens: 0 },
          rateLimits: expect.any(Number),
        },
      },
    ]);
    expect((await sweeps())[0]!.removed.rateLimits).toBeGreaterThan(0);

    await server.clock.advance(600_000);
    await until('two more sweeps are recorded', async () => (await sweeps()).length >= 3);
    expect((await sweeps()).map((sweep) => sweep.startedAt - startedAt)).toEqual([300_000, 600_000, 900_000]);
    expect((await sweeps()).map(({ removed }) => removed.tokens)).toEqual([0, 0, 1]);
    expect(new Set((await sweeps()).map(({ sweepId }) => sweepId)).size).toBe(3);
  });

  it('go into the stream of their day', async () => {
    await server.clock.advance(24 * HOUR + 2 * MINUTE);
    await until('a sweep of the next day is recorded', async () =>
      (await sweeps()).some(({ stream }) => stream === 'operations-2030-01-02'),
    );
    expect(new Set((await sweeps()).map(({ stream }) => stream))).toEqual(
      new Set(['operations-2030-01-01', 'operations-2030-01-02']),
    );
  });
});

describe('a long-poll', () => {
  it('is answered at the end of its wait, or as soon as there is something', async () => {
    const headers = { ...as(alice), prefer: 'wait=25' };
    let answered = false;
    const before = server.clock.pending;
    const first = server.request<{ items: unknown[]; cursor: string }>('GET', '/v1/feed', { headers });
    void first.then(() => {
      answered = true;
    });
    // Its deadline, and the end of its wait.
    await until('it waits', () => server.clock.pending >= before + 2);
    await server.clock.advance(24_999);
    expect(answered).toBe(false);
    await server.clock.advance(1);
    const { body } = await first;
    expect(body.items).toEqual([]);

    const { sessionId } = await publish(MINUTE);
    const second = server.request<{ items: unknown[] }>('GET', `/v1/feed?cursor=${body.cursor}`, { headers });
    await server.request('POST', `/v1/sessions/${sessionId}/answer`, { body: { sdp: 'v=0' }, headers: as(bob) });
    expect((await second).body.items).toMatchObject([{ type: 'answered', sessionId, at: server.clock.now() }]);
  });
});

it('two servers with the same seed and the same requests record the same', async () => {
  const run = async () => {
    const one = await startFakeServer();
    const issued = await one.request<Issued>('POST', '/v1/credentials');
    const body = { tags: ['same'], offers: [{ sdp: 'v=0' }] };
    await one.request('POST', '/v1/sessions', { body, headers: { authorization: `Bearer ${issued.body.token}` } });
    await one.clock.advance(MINUTE);
    await until('it has ended', async () =>
      (await one.recorded()).some(({ event }) => event.type === 'SessionExpired'),
    );
    await one.stop();
    return one.recorded();
  };
  expect(await run()).toEqual(await run());
});
