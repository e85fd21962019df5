import { describe, expect, it } from 'vitest';
import {
  anonymous,
  bearer,
  candidateOf,
  issueCredential,
  newTag,
  newTokenCaller,
  type Problem,
  publishOne,
  sdpOf,
  send,
  v1,
} from '../support/client.ts';
import { rpcOpen } from '../support/rondevu.ts';
import { startServer } from '../support/server.ts';

describe('rate limits', () => {
  it('are told on every answer, and refuse with 429 and when to come back', async () => {
    await using server = await startServer({
      env: {
        ...{ SIGNALBOX_RATE_LIMITS: 'on', SIGNALBOX_RATE_LIMIT_WRITE: '5', SIGNALBOX_RATE_LIMIT_READ: '4' },
        ...{ SIGNALBOX_RATE_LIMIT_ADDRESS_FACTOR: '4', SIGNALBOX_RATE_LIMIT_CREDENTIALS: '6' },
      },
    });
    const [alice, bob] = [v1(server, await newTokenCaller(server)), v1(server, await newTokenCaller(server))];
    const tag = newTag();
    const publish = (client: typeof alice) => client.publish({ tags: [tag], offers: [{ sdp: sdpOf('limited') }] });
    for (let left = 4; left >= 0; left--) {
      const { status, headers } = await publish(alice);
      expect(status).toBe(201);
      expect(headers['ratelimit-policy']).toBe('"write";q=5;w=60');
      expect(headers.ratelimit).toMatch(new RegExp(`^"write";r=${left};t=\\d+$`));
    }
    const refused = await publish(alice);
    expect(refused.status).toBe(429);
    expect(refused.body).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', retryAfterMs: expect.any(Number) });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.headers.ratelimit).toMatch(/^"write";r=0;t=\d+$/);
    expect((await publish(bob)).status, 'a limit is its caller’s own').toBe(201);
    expect((await v1(server, anonymous).get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 6 } });

    const unknown = v1(server, anonymous);
    const statuses: number[] = [];
    for (let i = 0; i < 20; i++) statuses.push((await unknown.get(`/v1/tags?tag=${tag}`)).status);
    expect(new Set(statuses), 'an address has a limit too').toEqual(new Set([200, 429]));
    expect((await send(server, anonymous, { method: 'GET', path: '/health' })).status).toBe(200);
  });

  it('count what a request costs', async () => {
    await using server = await startServer({
      env: {
        SIGNALBOX_RATE_LIMITS: 'on',
        SIGNALBOX_RATE_LIMIT_WRITE: '50',
        SIGNALBOX_RATE_LIMIT_ADDRESS_FACTOR: '100',
      },
    });
    const alice = v1(server, await newTokenCaller(server));
    const offers = Array.from({ length: 40 }, () => ({ sdp: sdpOf('many') }));
    expect((await alice.publish({ tags: [newTag()], offers })).status).toBe(201);
    expect((await alice.publish({ tags: [newTag()], offers })).status).toBe(429);
  });

  it('hold the making of credentials, by whichever way', async () => {
    await using server = await startServer({
      env: { SIGNALBOX_RATE_LIMITS: 'on', SIGNALBOX_RATE_LIMIT_CREDENTIALS: '4' },
    });
    const issue = () => send(server, anonymous, { method: 'POST', path: '/v1/credentials' });
    expect((await issue()).status).toBe(201);
    expect((await issue()).status).toBe(201);
    expect((await rpcOpen(server, 'generateCredentials')).success).toBe(true);
    const forged = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', 'cf-connecting-ip': '203.0.113.9' };
    expect((await rpcOpen(server, 'generateCredentials', {}, forged)).success).toBe(true);
    const refused = await issue();
    expect([refused.status, (refused.body as Problem).code]).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
    for (const headers of [{}, forged]) {
      const answer = await rpcOpen(server, 'generateCredentials', {}, headers);
      expect(answer).toMatchObject({ success: false, errorCode: 'RATE_LIMIT_EXCEEDED' });
    }
  });
});

describe('bounds', () => {
  it('hold sessions of one identity, in all, candidates of one role, and credentials', async () => {
    await using server = await startServer({
      env: {
        ...{ SIGNALBOX_MAX_SESSIONS_PER_IDENTITY: '3', SIGNALBOX_MAX_SESSIONS: '5', SIGNALBOX_MAX_CREDENTIALS: '3' },
        ...{ SIGNALBOX_MAX_CANDIDATES_PER_ROLE: '4' },
      },
    });
    const [alice, bob] = [v1(server, await newTokenCaller(server)), v1(server, await newTokenCaller(server))];
    const carolsCredential = await issueCredential(server);
    const carol = v1(server, bearer(carolsCredential.name, carolsCredential.token));
    const told = ({ status, body }: { status: number; body: unknown }) => [status, (body as Problem).code];
    const many = (count: number) => ({
      tags: ['a'],
      offers: Array.from({ length: count }, () => ({ sdp: sdpOf('x') })),
    });

    const ids = (await alice.publish(many(3))).body.sessions.map(({ sessionId }) => sessionId);
    expect(told(await alice.publish(many(1)))).toEqual([429, 'TOO_MANY_OFFERS_PER_USER']);
    expect((await bob.publish(many(2))).status).toBe(201);
    expect(told(await carol.publish(many(1)))).toEqual([503, 'STORAGE_FULL']);
    await alice.withdraw(ids[0]!);
    expect((await carol.publish(many(1))).status, 'what has ended makes room').toBe(201);

    const full = await send(server, anonymous, { method: 'POST', path: '/v1/credentials' });
    expect(told(full)).toEqual([503, 'STORAGE_FULL']);

    const id = ids[1]!;
    await bob.answer(id, { sdp: sdpOf('answer') });
    const four = [1, 2, 3, 4].map((n) => candidateOf('bob', n));
    expect((await bob.trickle(id, four)).status).toBe(201);
    expect(told(await bob.trickle(id, [candidateOf('bob', 5)]))).toEqual([429, 'TOO_MANY_ICE_CANDIDATES']);
    expect((await alice.trickle(id, four)).status, 'the other role has a bound of its own').toBe(201);
  });

  it('give sessions back their place when many are published at once', async () => {
    await using server = await startServer({ env: { SIGNALBOX_MAX_SESSIONS_PER_IDENTITY: '10' } });
    const alice = v1(server, await newTokenCaller(server));
    const tag = newTag();
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => alice.publish({ tags: [tag], offers: [{ sdp: sdpOf('race') }] })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30);
    const bob = v1(server, await newTokenCaller(server));
    expect(await publishOne(bob, tag)).toEqual(expect.any(String));
  });
});
