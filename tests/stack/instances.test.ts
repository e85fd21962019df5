import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { consistencyToken } from '@signalbox/http';
import { systemClock } from '@signalbox/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anonymous,
  bearer,
  type Caller,
  ed25519Caller,
  type Feed,
  issueCredential,
  newTag,
  newTokenCaller,
  prepare,
  publishOne,
  sdpOf,
  send,
  tokenFor,
  transmit,
  v1,
} from '../support/client.ts';
import { listening, spawnService } from '../support/process.ts';
import { newDispatcher, type Target } from '../support/server.ts';
import { roles } from '../support/stack.ts';
import { type Stack, startFaultStack } from './support/stack.ts';

let stack: Stack;
const dispatchers: { destroy(): Promise<void> }[] = [];
beforeAll(async () => {
  stack = await startFaultStack({
    ofTest: false,
    more: ['command', 'query', 'gateway'],
    env: { SIGNALBOX_RATE_LIMITS: 'on', SIGNALBOX_RATE_LIMIT_WRITE: '20', SIGNALBOX_CONSISTENCY_WAIT_MS: '400' },
  });
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  for (const dispatcher of dispatchers) await dispatcher.destroy();
});

/** Both instances of a role, past the one address. */
const both = (role: 'command' | 'query' | 'gateway'): readonly [Target, Target] => {
  const [one, other] = stack.of(role).map(({ url }): Target => {
    const dispatcher = newDispatcher();
    dispatchers.push(dispatcher);
    return { url, dispatcher };
  });
  if (!one || !other) throw new Error(`There are not two of ${role}.`);
  return [one, other];
};

describe('over two instances of a role', () => {
  it('a signed request works once, though the one address sends each time to another', async () => {
    const by = ed25519Caller();
    const body = { tags: [newTag()], offers: [{ sdp: sdpOf('offer') }] };
    const request = prepare(stack, by, { method: 'POST', path: '/v1/sessions', body });
    expect((await transmit(stack, request)).status).toBe(201);
    for (let i = 0; i < 4; i++) {
      const replayed = await transmit<{ readonly detail: string }>(stack, request);
      expect([replayed.status, replayed.body.detail]).toEqual([401, expect.stringMatching(/nonce/i)]);
    }
    expect((await v1(stack, by).get(`/v1/tags?tag=${body.tags[0]}`)).body).toEqual({
      counts: { [body.tags[0] ?? '']: 1 },
    });
  });

  it('an idempotency key has one effect, and one answer', async () => {
    const [one, other] = both('command');
    const alice = await newTokenCaller(stack);
    const tag = newTag();
    const body = { tags: [tag], offers: [{ sdp: sdpOf('offer') }] };
    const headers = { 'idempotency-key': newTag() };
    const answers = await Promise.all(
      [one, other, one, other].map((target) => v1(target, alice).publish(body, headers)),
    );
    const done = answers.filter(({ status }) => status === 201);
    expect(done.length).toBeGreaterThanOrEqual(1);
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    const again = await v1(other, alice).publish(body, headers);
    expect(again.text).toBe(done[0]?.text);
    expect((await v1(stack, alice).get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 1 } });
  });

  it('a limit is one limit', async () => {
    const [one, other] = both('command');
    const by = await newTokenCaller(stack);
    const tries = Array.from({ length: 30 }, (_, i) => v1(i % 2 === 0 ? one : other, by).withdraw(`none-${i}`));
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 404)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(10);
  });

  it('a credential works at once, and an ended one no more', async () => {
    const [one, other] = both('command');
    const { name, token } = await issueCredential(one);
    const by = bearer(name, token);
    const [here, there] = both('query');
    for (const target of [here, there]) expect((await v1(target, by).feed()).status).toBe(200);
    expect((await send(other, by, { method: 'DELETE', path: `/v1/credentials/${name}` })).status).toBe(204);
    for (const target of [here, there]) expect((await v1(target, by).feed()).status).toBe(401);
  });

  it('a feed goes on at the other instance, and a wait there ends as soon as something comes', async () => {
    const [here, there] = both('query');
    const [alice, bob] = [await newTokenCaller(stack), await newTokenCaller(stack)];
    const id = await publishOne(v1(stack, alice), newTag());
    const { cursor } = (await v1(here, alice).feed()).body;
    const waiting = v1(there, alice).feed(cursor, 20);
    expect((await v1(stack, bob).answer(id, { sdp: sdpOf('answer') })).status).toBe(201);
    const { items } = (await waiting).body as Feed;
    expect(items.map(({ type, sessionId }) => [type, sessionId])).toEqual([['answered', id]]);
  });
});

describe('a consistency token', () => {
  const ask = (by: Caller, revision: number) =>
    send<{ readonly code: string; readonly retryAfterMs: number }>(stack, by, {
      method: 'GET',
      path: '/v1/tags?tag=none',
      headers: {
        'signalbox-consistency': consistencyToken({
          writes: [{ stream: 'session-not-there-yet', revision }],
          writtenAt: systemClock.now(),
        }),
      },
    });

  it('that cannot be honoured in time is told to come back', async () => {
    const answer = await ask(anonymous, 3);
    expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([503, 'NOT_CAUGHT_UP', '1']);
  });

  it('of a command is enough to read what it wrote, from any instance', async () => {
    const alice = await tokenFor(stack, ed25519Caller());
    for (const command of both('command')) {
      const tag = newTag();
      const published = await v1(command, alice).publish({ tags: [tag], offers: [{ sdp: sdpOf('offer') }] });
      const token = published.headers['signalbox-consistency'] ?? '';
      for (const query of both('query')) {
        const found = await v1(query, alice).get(`/v1/tags?tag=${tag}`, { 'signalbox-consistency': token });
        expect([found.status, found.body]).toEqual([200, { counts: { [tag]: 1 } }]);
      }
    }
  });
});

describe('a process of the stack', () => {
  it.each(roles)('%s says what it is, and everything that it misses at once', async (role) => {
    const helped = spawnService(`services/${role}/src/main.ts`, {}, ['--help']);
    expect((await helped.exited).code).toBe(0);
    expect(helped.output()).toContain(`node services/${role}/src/main.ts`);

    const bare = spawnService(`services/${role}/src/main.ts`, { SIGNALBOX_KAFKA_PARTITIONS: 'many' });
    expect((await bare.exited).code).toBe(1);
    expect(bare.output()).toContain('SIGNALBOX_KAFKA_PARTITIONS is “many”');
    const needs = { query: ['REDIS_URL'], relay: ['EVENTSTOREDB_URL', 'KAFKA_BROKERS'] }[role as string];
    for (const name of needs ?? ['EVENTSTOREDB_URL']) expect(bare.output()).toContain(`SIGNALBOX_${name} is not set`);
  });

  it('ends when it is told to before it has started, while it waits for the keys', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const spawned = spawnService('services/command/src/main.ts', {
      ...stack.env,
      SIGNALBOX_KEYS_URL: `redis://127.0.0.1:${port}`,
    });
    const [socket] = (await once(silent, 'connection')) as [Socket];
    expect(await spawned.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(spawned.output()).toContain('Told to stop before it had started.');
    socket.destroy();
    silent.close();
  });

  it('has metrics, which in production need an admin key', async () => {
    const { env } = stack;
    const production = {
      ...{ SIGNALBOX_MODE: 'production', SIGNALBOX_HOST: '127.0.0.1', SIGNALBOX_RATE_LIMITS: 'on' },
      SIGNALBOX_CORS_ORIGINS: 'https://app.example.com',
    };
    const spawned = spawnService('services/scheduler/src/main.ts', { ...env, ...production });
    const target: Target = { url: await listening(spawned), dispatcher: stack.dispatcher };
    const get = (by: Caller) => send(target, by, { method: 'GET', path: '/metrics' });
    expect((await get(anonymous)).status).toBe(401);
    const answer = await get(bearer('admin', env.SIGNALBOX_ADMIN_KEYS ?? ''));
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('signalbox_scheduler_pending');
    expect((await spawned.end('SIGTERM')).code).toBe(0);
  });

  it('describes the bus in AsyncAPI 3', async () => {
    const document = (
      await send<{ asyncapi: string; channels: object }>(stack, anonymous, { method: 'GET', path: '/asyncapi.json' })
    ).body;
    expect(document.asyncapi).toMatch(/^3\./);
    expect(JSON.stringify(document.channels)).toContain(`${stack.namespace}.events.v1`);
  });
});
