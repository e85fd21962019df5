import { systemChance } from '@signalbox/runtime';
import { until } from '@signalbox/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anonymous,
  candidateOf,
  newKey,
  newTag,
  newTokenCaller,
  type Problem,
  publishOne,
  sdpOf,
  send,
  type V1Client,
  v1,
} from '../support/client.ts';
import { edCaller, rpc } from '../support/rondevu.ts';
import { type Server, startServer } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer({
    env: { SIGNALBOX_OFFER_MIN_TTL_MS: '100', SIGNALBOX_ANSWERED_TTL_MS: '60000' },
  });
});
afterAll(() => server[Symbol.asyncDispose]());

const newClient = async () => v1(server, await newTokenCaller(server));

const told = ({ status, body }: { readonly status: number; readonly body: unknown }) => [
  status,
  (body as Problem).code,
];

/** Everything that only a party may do or see, each as one request. */
const privateReads = (id: string) => [`/v1/sessions/${id}`, `/v1/sessions/${id}/candidates`];

const ownersWrites = (client: V1Client, id: string) => [() => client.retag(id, ['stolen']), () => client.withdraw(id)];

describe('an open offer', () => {
  it('is changed and withdrawn by its publisher alone; its private side is nobody else’s', async () => {
    const [alice, mallory] = [await newClient(), await newClient()];
    const id = await publishOne(alice, newTag());
    for (const write of ownersWrites(mallory, id)) expect(told(await write())).toEqual([403, 'NOT_AUTHORIZED']);
    for (const path of privateReads(id)) expect(told(await mallory.get(path))).toEqual([403, 'NOT_AUTHORIZED']);
    expect(told(await v1(server, anonymous).get(`/v1/sessions/${id}`))).toEqual([401, 'AUTH_REQUIRED']);
    const session = await alice.get<{ tags: string[]; state: string }>(`/v1/sessions/${id}`);
    expect(session.body).toMatchObject({ state: 'open', role: 'offerer' });
  });
});

describe('an answered session', () => {
  it('is closed to everyone but its two parties', async () => {
    const [alice, bob, mallory] = [await newClient(), await newClient(), await newClient()];
    const id = await publishOne(alice, newTag());
    await bob.answer(id, { sdp: sdpOf('answer') });
    for (const path of privateReads(id)) {
      expect(told(await mallory.get(path))).toEqual([403, 'NOT_AUTHORIZED']);
      expect((await alice.get(path)).status).toBe(200);
      expect((await bob.get(path)).status).toBe(200);
    }
    for (const write of [...ownersWrites(mallory, id), ...ownersWrites(bob, id)]) {
      expect(told(await write())).toEqual([403, 'NOT_AUTHORIZED']);
    }
    expect(told(await mallory.trickle(id, [candidateOf('m', 1)]))).toEqual([403, 'NOT_AUTHORIZED']);
    expect(told(await mallory.answer(id, { sdp: sdpOf('late') }))).toEqual([409, 'OFFER_ALREADY_ANSWERED']);
    expect((await mallory.feed()).body.items).toEqual([]);
    const byRpc = edCaller(newKey());
    for (const [method, params] of [
      ['getIceCandidates', { offerId: id }],
      ['getOfferAnswer', { offerId: id }],
      ['addIceCandidates', { offerId: id, candidates: [candidateOf('m', 2)] }],
      ['deleteOffer', { offerId: id }],
    ] as const) {
      expect(await rpc(server, byRpc, method, params), method).toMatchObject({ errorCode: 'NOT_AUTHORIZED' });
    }
    expect(await rpc(server, byRpc, 'poll')).toEqual({ success: true, result: { answers: [], iceCandidates: {} } });
  });

  it('takes the winner’s own answer again as no news, and another one of the winner’s as late', async () => {
    const [alice, bob] = [await newClient(), await newClient()];
    const id = await publishOne(alice, newTag());
    const answer = { sdp: sdpOf('answer') };
    const first = await bob.answer(id, answer);
    const again = await bob.answer(id, answer);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(told(await bob.answer(id, { sdp: sdpOf('second thoughts') }))).toEqual([409, 'OFFER_ALREADY_ANSWERED']);
    expect((await alice.feed()).body.items.filter(({ type }) => type === 'answered')).toHaveLength(1);
  });

  it('takes matched tags that the offer carries, and no others', async () => {
    const [alice, bob] = [await newClient(), await newClient()];
    const tag = newTag();
    const id = await publishOne(alice, tag);
    const refused = await bob.answer(id, { sdp: sdpOf('answer'), matchedTags: [tag, 'not-there'] });
    expect(told(refused)).toEqual([400, 'INVALID_PARAMS']);
    expect((refused.body as unknown as Problem).errors?.map(({ path }) => path)).toEqual(['body.matchedTags']);
    expect((await bob.answer(id, { sdp: sdpOf('answer'), matchedTags: [tag] })).status).toBe(201);
  });
});

describe('an ended session', () => {
  it('tells its parties how and when it was withdrawn, and strangers that there is none', async () => {
    const [alice, bob, mallory] = [await newClient(), await newClient(), await newClient()];
    const id = await publishOne(alice, newTag());
    await bob.answer(id, { sdp: sdpOf('answer') });
    expect((await alice.withdraw(id)).status).toBe(204);
    for (const party of [alice, bob]) {
      for (const path of privateReads(id)) {
        const answer = await party.get<Problem>(path);
        expect(told(answer)).toEqual([410, 'SESSION_ENDED']);
        expect(answer.body.ended).toEqual({ how: 'withdrawn', endedAt: expect.any(Number) });
      }
      expect(told(await party.trickle(id, [candidateOf('x', 1)]))).toEqual([410, 'SESSION_ENDED']);
    }
    expect((await alice.withdraw(id)).status, 'withdrawing again changes nothing').toBe(204);
    expect(told(await alice.retag(id, ['late']))).toEqual([410, 'SESSION_ENDED']);
    for (const path of privateReads(id)) expect(told(await mallory.get(path))).toEqual([404, 'OFFER_NOT_FOUND']);
    for (const write of [
      ...ownersWrites(mallory, id),
      () => mallory.answer(id, { sdp: sdpOf('late') }),
      () => mallory.trickle(id, [candidateOf('m', 1)]),
    ]) {
      expect(told(await write())).toEqual([404, 'OFFER_NOT_FOUND']);
    }
  });

  it('expires at its time: gone from discovery, 410 for its publisher, an item in the feed', async () => {
    const [alice, mallory] = [await newClient(), await newClient()];
    const tag = newTag();
    const start = (await alice.feed()).body.cursor;
    const published = await alice.publish({ tags: [tag], ttlMs: 300, offers: [{ sdp: sdpOf('brief') }] });
    const { sessionId: id, createdAt, expiresAt } = published.body.sessions[0]!;
    expect(expiresAt - createdAt).toBe(300);
    const { items } = (await alice.feed(start, 20)).body;
    expect(items).toMatchObject([{ type: 'expired', sessionId: id, was: 'open' }]);
    const gone = await alice.get<Problem>(`/v1/sessions/${id}`);
    expect(told(gone)).toEqual([410, 'SESSION_ENDED']);
    expect(gone.body.ended).toEqual({ how: 'expired', endedAt: expiresAt });
    expect(told(await mallory.get(`/v1/sessions/${id}`))).toEqual([404, 'OFFER_NOT_FOUND']);
    expect(told(await mallory.answer(id, { sdp: sdpOf('late') }))).toEqual([404, 'OFFER_NOT_FOUND']);
    expect((await mallory.get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 0 } });
  });

  it('is forgotten after its retention', async () => {
    await using brief = await startServer({
      env: { SIGNALBOX_ENDED_RETENTION_MS: '200', SIGNALBOX_SWEEP_INTERVAL_MS: '100' },
    });
    const alice = v1(brief, await newTokenCaller(brief));
    const id = await publishOne(alice, newTag());
    await alice.withdraw(id);
    const answer = await until('the session is forgotten', async () => {
      const session = await alice.get(`/v1/sessions/${id}`);
      return session.status === 410 ? undefined : session;
    });
    expect(told(answer!)).toEqual([404, 'OFFER_NOT_FOUND']);
    expect(told(await alice.withdraw(id)), 'the log still knows').toEqual([204, undefined]);
  });
});

describe('what is not there', () => {
  it('is 404 for everyone who is known', async () => {
    const client = await newClient();
    const id = systemChance.uuid();
    for (const path of privateReads(id)) expect(told(await client.get(path))).toEqual([404, 'OFFER_NOT_FOUND']);
    expect(told(await client.withdraw(id))).toEqual([404, 'OFFER_NOT_FOUND']);
    expect(told(await client.answer(id, { sdp: 'v=0' }))).toEqual([404, 'OFFER_NOT_FOUND']);
    expect(told(await client.trickle(id, [{}]))).toEqual([404, 'OFFER_NOT_FOUND']);
    const wrongMethod = await send(server, anonymous, { method: 'PUT', path: `/v1/sessions/${id}` });
    expect(told(wrongMethod)).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(wrongMethod.headers.allow).toMatch(/DELETE.*GET.*PATCH/);
  });
});
