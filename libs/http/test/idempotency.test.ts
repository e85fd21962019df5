import { describe, expect, it } from 'vitest';
import type { IdempotencyStore } from '../src/index.ts';
import { sendProblem, writesHeader } from '../src/index.ts';
import { anApp } from './harness.ts';

const withRoute = async (idempotency?: Partial<IdempotencyStore>) => {
  const base = await anApp();
  const made = idempotency ? await anApp({ options: { idempotency: { ...base.idempotency, ...idempotency } } }) : base;
  const seen: (string | null)[] = [];
  let answer: 'created' | 'empty' | 'gone' | 'limited' | 'fault' = 'created';
  const config = { access: 'optional', idempotent: true } as const;
  made.app.post('/v1/things', { config }, async (request, reply) => {
    seen.push(request.commandId);
    writesHeader(reply, [{ stream: 'thing-1', revision: seen.length }]);
    switch (answer) {
      case 'created':
        return reply.code(201).header('location', `/v1/things/${seen.length}`).send({ number: seen.length });
      case 'empty':
        return reply.code(204).send();
      case 'gone':
        return sendProblem(reply, 'SESSION_ENDED');
      case 'limited':
        return sendProblem(reply, 'TOO_MANY_OFFERS_PER_USER');
      case 'fault':
        throw new Error('broken');
    }
  });
  made.app.post('/v1/plain', { config: { access: 'public' } }, async ({ commandId }) => ({ commandId }));
  const send = (
    key: string | undefined,
    payload: object = { a: 1 },
    caller: string | null = 'bob',
    url = '/v1/things',
  ) =>
    made.app.inject({
      method: 'POST',
      url,
      payload,
      headers: {
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(caller !== null && { authorization: `Bearer ${caller}` }),
      },
    });
  const answerWith = (next: typeof answer) => {
    answer = next;
  };
  return { ...made, send, seen, answerWith };
};

describe('an idempotency key', () => {
  it('gives the first answer again: status, headers that belong to it, and bytes', async () => {
    const { send, seen } = await withRoute();
    const first = await send('k1');
    const again = await send('k1');
    expect(seen).toHaveLength(1);
    expect([again.statusCode, again.body]).toEqual([201, first.body]);
    for (const name of ['content-type', 'signalbox-consistency', 'location']) {
      expect(first.headers[name]).toBeDefined();
      expect(again.headers[name]).toBe(first.headers[name]);
    }
    expect([first.headers['idempotency-replayed'], again.headers['idempotency-replayed']]).toEqual([undefined, 'true']);
    expect(again.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
  });

  it('gives an empty answer again as empty', async () => {
    const { send, seen, answerWith } = await withRoute();
    answerWith('empty');
    await send('k1');
    const again = await send('k1');
    expect([again.statusCode, again.body, seen.length]).toEqual([204, '', 1]);
  });

  it('gives a refusal again: it was an answer', async () => {
    const { send, seen, answerWith } = await withRoute();
    answerWith('gone');
    const first = await send('k1');
    const again = await send('k1');
    expect([again.statusCode, again.body, seen.length]).toEqual([410, first.body, 1]);
    expect(again.headers['content-type']).toContain('application/problem+json');
  });

  it.each(['fault', 'limited'] as const)(
    'runs again after an answer that is none, for the same request only and as the same command: %s',
    async (kind) => {
      const { send, seen, answerWith } = await withRoute();
      answerWith(kind);
      await send('k1');
      answerWith('created');
      expect((await send('k1', { a: 2 })).json()).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
      const second = await send('k1');
      expect([second.statusCode, second.headers['idempotency-replayed']]).toEqual([201, undefined]);
      expect(seen).toHaveLength(2);
      expect(seen[1]).toBe(seen[0]);
    },
  );

  it.each([
    ['the same', { a: 1 }],
    ['another', { a: 2 }],
  ])('that has expired is that of a new command: %s body', async (_, body) => {
    const { send, seen, time } = await withRoute();
    const first = await send('k1');
    time.advance(86_400_000 - 1);
    expect((await send('k1')).body).toBe(first.body);
    time.advance(1);
    const second = await send('k1', body);
    expect([second.statusCode, second.headers['idempotency-replayed']]).toEqual([201, undefined]);
    expect(seen).toHaveLength(2);
    expect(seen[1]).not.toBe(seen[0]);
  });

  it('is refused for another body, path or query', async () => {
    const { send, seen } = await withRoute();
    await send('k1');
    const other = await send('k1', { a: 2 });
    expect(other.json()).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
    expect((await send('k1', { a: 1 }, 'bob', '/v1/things?x=1')).statusCode).toBe(422);
    expect(seen).toHaveLength(1);
  });

  it('is told to wait while the first request runs', async () => {
    const { send } = await withRoute({ claim: async () => ({ kind: 'in_flight' }) });
    const response = await send('k1');
    expect(response.json()).toMatchObject({ status: 409, code: 'IDEMPOTENCY_KEY_IN_FLIGHT', retryAfterMs: 1_000 });
    expect(response.headers['retry-after']).toBe('1');
  });

  it('belongs to its caller, or to an address', async () => {
    const { send, seen, app, idempotency } = await withRoute();
    await send('k1', { a: 1 }, 'bob');
    await send('k1', { a: 1 }, 'eve');
    await send('k1', { a: 1 }, null);
    await app.inject({
      method: 'POST',
      url: '/v1/things',
      payload: { a: 1 },
      remoteAddress: '203.0.113.7',
      headers: { 'idempotency-key': 'k1' },
    });
    expect(seen).toHaveLength(4);
    expect(new Set(seen).size).toBe(4);
    expect([...idempotency.records.keys()].join()).not.toContain('203.0.113.7');
  });

  it('has a command id of chance, which tells nothing of the key; a request without a key has none', async () => {
    const { send, seen } = await withRoute();
    await send('k1');
    await send('k2');
    await send(undefined);
    expect(seen[0]).toMatch(/^00000000-0000-4000-8000-\d{12}$/);
    expect(seen[1]).toMatch(/^00000000-0000-4000-8000-\d{12}$/);
    expect(seen[1]).not.toBe(seen[0]);
    expect(seen[2]).toBeNull();
  });

  it('is claimed before the command runs; when that fails, nothing runs', async () => {
    const unavailable = Object.assign(new Error('disk full'), { code: 'LOG_UNAVAILABLE' });
    const { send, seen } = await withRoute({ claim: () => Promise.reject(unavailable) });
    expect((await send('k1')).json()).toMatchObject({ status: 503, code: 'LOG_UNAVAILABLE' });
    expect(seen).toHaveLength(0);
  });

  it('is remembered for as long as is configured', async () => {
    const kept: number[] = [];
    const { send, time } = await withRoute({
      claim: async (_scope, _key, _fingerprint, { now, expiresAt, newCommandId }) => {
        kept.push(now, expiresAt);
        return { kind: 'new', commandId: newCommandId() };
      },
      complete: async (_scope, _key, _fingerprint, _answer, expiresAt) => void kept.push(expiresAt),
    });
    await send('k1');
    const now = time.clock.now();
    expect(kept).toEqual([now, now + 86_400_000, now + 86_400_000]);
  });

  it('is stored before the answer leaves; when that fails, the answer is that', async () => {
    const unavailable = Object.assign(new Error('disk full'), { code: 'LOG_UNAVAILABLE' });
    const { send } = await withRoute({ complete: () => Promise.reject(unavailable) });
    const response = await send('k1');
    expect(response.json()).toMatchObject({ status: 503, code: 'LOG_UNAVAILABLE' });
  });

  it.each(['', ' ', 'a b', 'x'.repeat(256), 'é'])('must be visible and short: %j', async (key) => {
    const { send, seen } = await withRoute();
    const response = await send(key);
    expect(response.json()).toMatchObject({ status: 400, errors: [{ path: 'headers.idempotency-key' }] });
    expect(seen).toHaveLength(0);
  });

  it('means nothing to a route that does not take one', async () => {
    const { app, idempotency } = await withRoute();
    const response = await app.inject({ method: 'POST', url: '/v1/plain', headers: { 'idempotency-key': 'k1' } });
    expect(response.json()).toEqual({ commandId: null });
    expect(idempotency.records.size).toBe(0);
  });
});
