import { systemChance } from '@signalbox/runtime';
import { until } from '@signalbox/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anonymous,
  bearer,
  type Candidates,
  candidateOf,
  hmacCaller,
  issueCredential,
  newTag,
  newTokenCaller,
  type Problem,
  publishOne,
  sdpOf,
  send,
  v1,
} from '../support/client.ts';
import { type Server, startServer } from '../support/server.ts';

const newKey = () => systemChance.uuid();

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('an idempotency key', () => {
  it('gives the first answer again, and has one effect', async () => {
    const alice = v1(server, await newTokenCaller(server));
    const bob = v1(server, await newTokenCaller(server));
    const tag = newTag();
    const headers = { 'idempotency-key': newKey() };
    const body = { tags: [tag], offers: [{ sdp: sdpOf('once') }, { sdp: sdpOf('twice') }] };

    const first = await alice.publish(body, headers);
    const second = await alice.publish(body, headers);
    expect(first.status).toBe(201);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect([second.status, second.text]).toEqual([201, first.text]);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(second.headers['signalbox-consistency']).toBe(first.headers['signalbox-consistency']);
    expect((await bob.get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 2 } });

    const id = first.body.sessions[0]!.sessionId;
    const trickleKey = { 'idempotency-key': newKey() };
    expect((await alice.trickle(id, [candidateOf('a', 1)], trickleKey)).body).toEqual({ count: 1 });
    expect((await alice.trickle(id, [candidateOf('a', 1)], trickleKey)).body).toEqual({ count: 1 });
    await bob.answer(id, { sdp: sdpOf('answer') });
    const shown = await bob.get<Candidates>(`/v1/sessions/${id}/candidates`);
    expect(shown.body.candidates).toHaveLength(1);
  });

  it('repeats a refusal too', async () => {
    const alice = v1(server, await newTokenCaller(server));
    const [bob, carol] = [v1(server, await newTokenCaller(server)), v1(server, await newTokenCaller(server))];
    const id = await publishOne(alice, newTag());
    await bob.answer(id, { sdp: sdpOf('first') });
    const headers = { 'idempotency-key': newKey() };
    const body = { sdp: sdpOf('late') };
    const first = await carol.answer(id, body, headers);
    const second = await carol.answer(id, body, headers);
    expect([first.status, second.status]).toEqual([409, 409]);
    expect(second.body).toEqual(first.body);
  });

  it('belongs to its caller, and to one request only', async () => {
    const [alice, bob] = [v1(server, await newTokenCaller(server)), v1(server, await newTokenCaller(server))];
    const headers = { 'idempotency-key': newKey() };
    const tag = newTag();
    const body = { tags: [tag], offers: [{ sdp: sdpOf('mine') }] };
    const mine = await alice.publish(body, headers);
    const theirs = await bob.publish(body, headers);
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(mine.body.sessions[0]!.sessionId).not.toBe(theirs.body.sessions[0]!.sessionId);

    const other = await alice.publish({ ...body, ttlMs: 99_000 }, headers);
    expect([other.status, (other.body as unknown as Problem).code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const elsewhere = await alice.withdraw(mine.body.sessions[0]!.sessionId, headers);
    expect([elsewhere.status, (elsewhere.body as Problem).code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect((await bob.get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 2 } });
  });

  it.each([
    ['an empty one', ''],
    ['one with a space', 'a b'],
    ['one of 256 characters', 'x'.repeat(256)],
  ])('must be 1 to 255 visible characters: %s is refused', async (_, key) => {
    const alice = v1(server, await newTokenCaller(server));
    const refused = await alice.publish({ tags: ['a'], offers: [{ sdp: 'v=0' }] }, { 'idempotency-key': key });
    expect(refused.status).toBe(400);
    expect((refused.body as unknown as Problem).errors?.map(({ path }) => path)).toEqual(['headers.idempotency-key']);
  });

  it('is told to wait while its first request is in flight; all that come at once have one effect', async () => {
    const alice = v1(server, await newTokenCaller(server));
    const tag = newTag();
    const body = { tags: [tag], offers: Array.from({ length: 100 }, () => ({ sdp: sdpOf('race') })) };
    const told = new Set<number>();
    for (let round = 1; round <= 10; round++) {
      const headers = { 'idempotency-key': newKey() };
      const answers = await Promise.all(Array.from({ length: 16 }, () => alice.publish(body, headers)));
      const created = answers.filter(({ status }) => status === 201);
      expect(new Set(created.map(({ text }) => text)).size).toBe(1);
      for (const waiting of answers.filter(({ status }) => status !== 201)) {
        expect([waiting.status, (waiting.body as unknown as Problem).code]).toEqual([409, 'IDEMPOTENCY_KEY_IN_FLIGHT']);
        expect(Number(waiting.headers['retry-after'])).toBeGreaterThan(0);
        told.add(waiting.status);
      }
      expect((await v1(server, anonymous).get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 100 * round } });
    }
    expect(told, 'sixteen at once meet one that is in flight').toEqual(new Set([409]));
  });

  it.each(['stop', 'kill9'] as const)('gives the first answer also after a restart (%s)', async (how) => {
    await using first = await startServer();
    const alice = await newTokenCaller(first);
    const tag = newTag();
    const publishKey = { 'idempotency-key': newKey() };
    const credentialKey = newKey();
    const body = { tags: [tag], offers: [{ sdp: sdpOf('durable') }] };
    const issue = { method: 'POST', path: '/v1/credentials', headers: { 'idempotency-key': credentialKey } };
    const published = await v1(first, alice).publish(body, publishKey);
    const issued = await send<{ name: string; secret: string }>(first, anonymous, issue);
    await first[how]();

    await using next = await first.again();
    const again = await v1(next, alice).publish(body, publishKey);
    expect([again.status, again.text]).toEqual([201, published.text]);
    expect(again.headers['idempotency-replayed']).toBe('true');
    const sameCredential = await send(next, anonymous, issue);
    expect(sameCredential.text, 'also what is shown once').toBe(issued.text);
    expect((await v1(next, anonymous).get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 1 } });
    const { name, secret } = issued.body;
    expect((await v1(next, hmacCaller(name, secret)).feed()).status).toBe(200);
    const reused = await v1(next, alice).publish({ ...body, ttlMs: 70_000 }, publishKey);
    expect(reused.status).toBe(422);
  });

  it('is not taken for another body after a crash, and the same body has one effect, answered or not', async () => {
    let server = await startServer();
    try {
      const alice = await newTokenCaller(server);
      const tag = newTag();
      const body = { tags: [tag], offers: Array.from({ length: 100 }, () => ({ sdp: sdpOf('crash') })) };
      // The kill is meant for the time between the claim and the answer, and may come too late for it.
      let wasOpen = false;
      let round = 0;
      while (!wasOpen) {
        expect(++round, 'a kill comes before the answer').toBeLessThanOrEqual(10);
        const headers = { 'idempotency-key': newKey() };
        const running = server;
        const tries = Array.from({ length: 4 }, () => v1(running, alice).publish(body, headers));
        await Promise.any(
          tries.map(async (tried) => {
            if ((await tried).status !== 409) throw new Error('This one was not told that the key is claimed.');
          }),
        ).catch(() => undefined);
        await server.kill9();
        await Promise.allSettled(tries);
        server = await running.again();
        await running[Symbol.asyncDispose]();

        const client = v1(server, alice);
        const other = await client.publish({ ...body, ttlMs: 70_000 }, headers);
        expect([other.status, (other.body as unknown as Problem).code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
        const same = await client.publish(body, headers);
        expect([same.status, same.body.sessions.length]).toEqual([201, 100]);
        expect((await client.get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 100 * round } });
        expect((await client.publish(body, headers)).text).toBe(same.text);
        wasOpen = same.headers['idempotency-replayed'] === undefined;
      }
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  it('that has expired is that of a new command, whatever its body', async () => {
    await using brief = await startServer({ env: { SIGNALBOX_IDEMPOTENCY_TTL_MS: '1000' } });
    const alice = v1(brief, await newTokenCaller(brief));
    const tag = newTag();
    const headers = { 'idempotency-key': newKey() };
    const body = { tags: [tag], offers: [{ sdp: sdpOf('before') }] };
    const ids = [(await alice.publish(body, headers)).body.sessions[0]!.sessionId];
    const another = { ...body, offers: [{ sdp: sdpOf('after') }] };
    for (const [what, next] of [
      ['another body', another],
      ['the same body', another],
    ] as const) {
      const published = await until(`${what} is published anew`, async () => {
        const answer = await alice.publish(next, headers);
        const isNew = answer.status === 201 && answer.headers['idempotency-replayed'] === undefined;
        return isNew ? answer : null;
      });
      ids.push(published!.body.sessions[0]!.sessionId);
    }
    expect(new Set(ids).size).toBe(3);
    expect((await alice.get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 3 } });
  });

  it('that has expired gives nobody the credential of somebody else behind the same address', async () => {
    await using brief = await startServer({ env: { SIGNALBOX_IDEMPOTENCY_TTL_MS: '1000' } });
    const headers = { 'idempotency-key': 'the-same-for-all' };
    const issue = () =>
      send<{ name: string; secret: string }>(brief, anonymous, { method: 'POST', path: '/v1/credentials', headers });
    const first = await issue();
    const next = await until('another answer is given', async () => {
      const answer = await issue();
      return answer.text === first.text ? null : answer;
    });
    if (!next) throw new Error('No answer.');
    expect([first.status, next.status]).toEqual([201, 201]);
    expect(next.headers['idempotency-replayed']).toBeUndefined();
    expect(next.body.name).not.toBe(first.body.name);
    expect(next.body.secret).not.toBe(first.body.secret);
    for (const { name, secret } of [first.body, next.body]) {
      expect((await v1(brief, hmacCaller(name, secret)).feed()).status).toBe(200);
    }
  });

  it('makes a rotation and a revocation happen once', async () => {
    const { name, secret, token } = await issueCredential(server);
    const owner = bearer(name, token);
    const rotation = {
      ...{ method: 'POST', path: `/v1/credentials/${name}/rotations`, body: { graceMs: 0 } },
      headers: { 'idempotency-key': newKey() },
    };
    const first = await send<{ secret: string }>(server, owner, rotation);
    const second = await send<{ secret: string }>(server, owner, rotation);
    expect([first.status, second.text]).toEqual([201, first.text]);
    expect(first.body.secret).not.toBe(secret);
    expect((await v1(server, hmacCaller(name, first.body.secret)).feed()).status).toBe(200);
    expect((await v1(server, hmacCaller(name, secret)).feed()).status).toBe(401);
  });
});
