import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newTag, newTokenCaller, type Problem, publishOne, sdpOf, send, v1 } from '../support/client.ts';
import { type Server, startServer } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Two parties of an answered session, and somebody else. */
const aCall = async () => {
  const callers = [await newTokenCaller(server), await newTokenCaller(server), await newTokenCaller(server)] as const;
  const [alice, bob] = [v1(server, callers[0]), v1(server, callers[1])];
  const id = await publishOne(alice, newTag());
  // Who reports has seen the session: a read waits until what was written is shown.
  const seen = () => alice.get(`/v1/sessions/${id}`);
  await seen();
  const report = (by: (typeof callers)[number], body: unknown, headers = {}) =>
    send<Problem>(server, by, { method: 'POST', path: `/v1/sessions/${id}/report`, body, headers });
  return { id, alice, bob, callers, seen, report };
};

const connected = {
  ...{ outcome: 'connected', localCandidateType: 'srflx', remoteCandidateType: 'relay', roundTripTimeMs: 31.5 },
  ...{ iceConnectionState: 'connected', iceGatheringState: 'complete', connectionState: 'connected' },
};

describe('a report of how a call ended', () => {
  it('is taken from both parties, in full or with the outcome alone, and again', async () => {
    const { id, bob, callers, seen, report } = await aCall();
    await bob.answer(id, { sdp: sdpOf('answer') });
    await seen();
    expect((await report(callers[0], connected)).status).toBe(201);
    expect((await report(callers[0], connected)).status).toBe(201);
    expect((await report(callers[1], { outcome: 'failed' })).status).toBe(201);
    const key = { 'idempotency-key': 'one-report' };
    expect((await report(callers[1], { outcome: 'failed' }, key)).status).toBe(201);
    expect((await report(callers[1], { outcome: 'failed' }, key)).headers['idempotency-replayed']).toBe('true');
  });

  it('is taken after the end too', async () => {
    const { id, alice, bob, callers, seen, report } = await aCall();
    await bob.answer(id, { sdp: sdpOf('answer') });
    expect((await alice.withdraw(id)).status).toBe(204);
    await seen();
    expect((await report(callers[0], { outcome: 'connected' })).status).toBe(201);
    expect((await report(callers[1], { outcome: 'connected' })).status).toBe(201);
    const other = await report(callers[2], { outcome: 'connected' });
    expect([other.status, other.body.code]).toEqual([404, 'OFFER_NOT_FOUND']);
  });

  it('is not taken from anyone else, nor of a session that there is not', async () => {
    const { callers, report } = await aCall();
    const other = await report(callers[1], { outcome: 'failed' });
    expect([other.status, other.body.code]).toEqual([403, 'NOT_AUTHORIZED']);
    const none = await send<Problem>(server, callers[0], {
      ...{ method: 'POST', path: '/v1/sessions/none/report', body: { outcome: 'failed' } },
    });
    expect([none.status, none.body.code]).toEqual([404, 'OFFER_NOT_FOUND']);
  });

  it('is refused when it says what no browser says', async () => {
    const { callers, report } = await aCall();
    for (const body of [
      {},
      { outcome: 'maybe' },
      { outcome: 'failed', localCandidateType: 'carrier pigeon' },
      { outcome: 'failed', roundTripTimeMs: -1 },
      { outcome: 'failed', note: 'x' },
    ]) {
      const answer = await report(callers[0], body);
      expect([answer.status, answer.body.code], JSON.stringify(body)).toEqual([400, 'INVALID_PARAMS']);
    }
  });

  it('is taken so often from one party, and no more', async () => {
    const { callers, report } = await aCall();
    const answers = [];
    for (let ms = 1; ms <= 5; ms++) {
      answers.push(await report(callers[0], { outcome: 'connected', roundTripTimeMs: ms }));
    }
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 429]);
    expect(answers.at(-1)?.body).toMatchObject({ code: 'TOO_MANY_REPORTS', limit: 4 });
  });
});
