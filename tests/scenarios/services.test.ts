import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anonymous,
  bearer,
  type Candidates,
  candidateOf,
  hmacCaller,
  issueCredential,
  newTokenCaller,
  type Page,
  type Problem,
  sdpOf,
  v1,
} from '../support/client.ts';
import { hfCaller, newCredential, type RondevuCaller, rpc, rpcOpen, rpcResult } from '../support/rondevu.ts';
import { type Server, startServer } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

let made = 0;
const newService = () => `service-${++made}`;

describe('services in HTTP v1', () => {
  it.each([
    ['^1.2', ['1.2.0', '1.2.9', '1.9.3']],
    ['~1.2', ['1.2.0', '1.2.9']],
    ['1.2.9', ['1.2.9']],
    ['1.x', ['1.0.5', '1.2.0', '1.2.9', '1.9.3']],
    ['>=1.9', ['1.9.3', '2.0.0']],
    ['2.0.0-beta.1', ['2.0.0-beta.1']],
    ['*', ['1.0.5', '1.2.0', '1.2.9', '1.9.3', '2.0.0']],
    ['^3', []],
  ])('finds offers by name and range %s', async (range, expected) => {
    const service = newService();
    const alice = v1(server, await newTokenCaller(server));
    for (const version of ['1.0.5', '1.2.0', '1.2.9', '1.9.3', '2.0.0-beta.1', '2.0.0']) {
      const published = await alice.publish({ service: `${service}@${version}`, offers: [{ sdp: sdpOf(version) }] });
      expect(published.status).toBe(201);
    }
    await alice.publish({ service: `${service}-other@1.2.0`, offers: [{ sdp: sdpOf('other') }] });
    const query = `/v1/sessions?service=${encodeURIComponent(`${service}@${range}`)}&limit=100`;
    const { status, body } = await v1(server, anonymous).get<Page>(query);
    expect(status).toBe(200);
    expect(body.sessions.map((offer) => offer.service).toSorted()).toEqual(
      expected.map((version) => `${service}@${version}`).toSorted(),
    );
  });

  it('combines a service with a tag, and picks one of its offers at random', async () => {
    const service = newService();
    const alice = v1(server, await newTokenCaller(server));
    await alice.publish({ service: `${service}@1.0.0`, tags: ['eu'], offers: [{ sdp: sdpOf('eu') }] });
    await alice.publish({ service: `${service}@1.0.0`, tags: ['us'], offers: [{ sdp: sdpOf('us') }] });
    const found = await v1(server, anonymous).get<Page>(`/v1/sessions?service=${service}&tag=eu`);
    expect(found.body.sessions.map((offer) => offer.tags)).toEqual([['eu']]);
    const one = await v1(server, anonymous).get(`/v1/sessions?service=${service}@1.0.0&pick=random`);
    expect(one.body).toMatchObject({ service: `${service}@1.0.0` });
  });

  it.each(['chat', 'chat@', 'chat@1', 'chat@1.2', 'chat@latest', '@1.0.0', 'Chat@1.0.0', 'chat@1.0.0@x'])(
    'refuses to publish %s',
    async (service) => {
      const alice = v1(server, await newTokenCaller(server));
      const refused = await alice.publish({ service, offers: [{ sdp: sdpOf('bad') }] });
      expect(refused.status).toBe(400);
      const problem = refused.body as unknown as Problem;
      expect(['INVALID_PARAMS', 'INVALID_FQN']).toContain(problem.code);
      expect(problem.errors?.[0]?.path).toMatch(/^body\.service/);
    },
  );
});

describe('services in the FQN dialect', () => {
  const publish = async (by: RondevuCaller, serviceFqn: string, ...sdps: readonly string[]) =>
    rpcResult(server, by, 'publishOffer', { serviceFqn, offers: sdps.map((sdp) => ({ sdp })), ttl: 120_000 });

  const idsOf = (published: Readonly<Record<string, unknown>>) =>
    (published.offers as readonly { readonly offerId: string }[]).map(({ offerId }) => offerId);

  it('goes the whole way', async () => {
    const [alice, bob] = [hfCaller(await newCredential(server)), hfCaller(await newCredential(server))];
    const service = newService();
    const serviceFqn = `${service}:1.2.0@${alice.identity}`;
    const [offer, answer] = [sdpOf('offer'), sdpOf('answer')];
    const times = { createdAt: expect.any(Number), expiresAt: expect.any(Number) };

    const published = await publish(alice, serviceFqn, offer);
    const [offerId] = idsOf(published);
    expect(published).toEqual({
      ...{ serviceId: expect.any(String), username: alice.identity, serviceFqn, ...times },
      offers: [{ offerId, sdp: offer, ...times }],
    });
    const { serviceId } = published;
    const entry = { serviceId, username: alice.identity, serviceFqn, offerId, sdp: offer, ...times };
    expect(await rpcOpen(server, 'getOffer', { serviceFqn })).toEqual({ success: true, result: entry });
    expect(await rpcOpen(server, 'getOffer', { serviceFqn: `${service}:1.0.0` })).toEqual({
      success: true,
      result: entry,
    });
    expect(await rpcOpen(server, 'getOffer', { serviceFqn: `${service}:1.1.0`, limit: 10 })).toEqual({
      success: true,
      result: { services: [entry], count: 1, limit: 10, offset: 0 },
    });
    for (const unserved of ['2.0.0', '1.3.0']) {
      const none = await rpcOpen(server, 'getOffer', { serviceFqn: `${service}:${unserved}` });
      expect(none).toMatchObject({ success: false, errorCode: 'OFFER_NOT_FOUND' });
    }

    const early = { serviceFqn, offerId, candidates: [candidateOf('bob', 1)] };
    expect(await rpcResult(server, bob, 'addIceCandidates', early)).toEqual({ count: 1, offerId });
    expect(await rpcResult(server, bob, 'answerOffer', { serviceFqn, offerId, sdp: answer })).toEqual({
      success: true,
      offerId,
    });
    expect(await rpcOpen(server, 'getOffer', { serviceFqn })).toMatchObject({ errorCode: 'NO_AVAILABLE_OFFERS' });
    expect(await rpcResult(server, alice, 'getOfferAnswer', { serviceFqn, offerId })).toEqual({
      ...{ sdp: answer, offerId, answererId: bob.identity, answeredAt: expect.any(Number) },
    });
    const { answers } = await rpcResult(server, alice, 'poll', { since: 0 });
    expect(answers).toEqual([
      { offerId, serviceId, answererId: bob.identity, sdp: answer, answeredAt: expect.any(Number) },
    ]);
    expect(await rpcResult(server, alice, 'getIceCandidates', { serviceFqn, offerId })).toEqual({
      ...{ offerId, candidates: [{ candidate: candidateOf('bob', 1), createdAt: expect.any(Number) }] },
    });
    await rpcResult(server, alice, 'addIceCandidates', { serviceFqn, offerId, candidates: [candidateOf('alice', 1)] });
    expect(await rpcResult(server, bob, 'getIceCandidates', { serviceFqn, offerId })).toEqual({
      ...{ offerId, candidates: [{ candidate: candidateOf('alice', 1), createdAt: expect.any(Number) }] },
    });
    const elsewhere = { serviceFqn: `other:1.2.0@${alice.identity}`, offerId, candidates: [candidateOf('x', 1)] };
    expect(await rpc(server, bob, 'addIceCandidates', elsewhere)).toMatchObject({ errorCode: 'INVALID_PARAMS' });

    expect(await rpc(server, bob, 'deleteOffer', { serviceFqn })).toMatchObject({ errorCode: 'NOT_AUTHORIZED' });
    expect(await rpcResult(server, alice, 'deleteOffer', { serviceFqn })).toEqual({ success: true });
    expect(await rpcOpen(server, 'getOffer', { serviceFqn })).toMatchObject({ errorCode: 'OFFER_NOT_FOUND' });
  });

  it('replaces a service that is published anew, and refuses a name that is not the own one', async () => {
    const [alice, bob] = [hfCaller(await newCredential(server)), hfCaller(await newCredential(server))];
    const service = newService();
    const serviceFqn = `${service}:1.0.0@${alice.identity}`;
    const first = idsOf(await publish(alice, serviceFqn, sdpOf('first')));
    const second = idsOf(await publish(alice, serviceFqn, sdpOf('second')));
    expect(first).not.toEqual(second);
    expect(await rpcOpen(server, 'getOffer', { serviceFqn })).toMatchObject({ result: { offerId: second[0] } });
    const stale = { serviceFqn, offerId: first[0], sdp: sdpOf('answer') };
    expect(await rpc(server, bob, 'answerOffer', stale)).toMatchObject({ errorCode: 'OFFER_NOT_FOUND' });

    const offers = [{ sdp: sdpOf('foreign') }];
    expect(await rpc(server, bob, 'publishOffer', { serviceFqn, offers })).toMatchObject({
      errorCode: 'OWNERSHIP_MISMATCH',
    });
    expect(await rpc(server, bob, 'publishOffer', { serviceFqn: `${service}:1.0.0`, offers })).toMatchObject({
      errorCode: 'INVALID_FQN',
    });
  });
});

describe('services across the two', () => {
  it('finds in the FQN dialect what v1 has published, and the reverse', async () => {
    const { name, secret } = await issueCredential(server);
    const alice = v1(server, hmacCaller(name, secret));
    const bobCredential = await issueCredential(server);
    const [bob, bobInV1] = [hfCaller(bobCredential), v1(server, bearer(bobCredential.name, bobCredential.token))];
    const service = newService();

    const published = await alice.publish({ service: `${service}@1.2.3`, offers: [{ sdp: sdpOf('v1') }] });
    const id = published.body.sessions[0]!.sessionId;
    const serviceFqn = `${service}:1.2.3@${name}`;
    const found = await rpcOpen(server, 'getOffer', { serviceFqn: `${service}:1.0.0` });
    expect(found).toMatchObject({ result: { offerId: id, serviceFqn, username: name } });
    await rpcResult(server, bob, 'answerOffer', { serviceFqn, offerId: id, sdp: sdpOf('answer') });
    await rpcResult(server, bob, 'addIceCandidates', { serviceFqn, offerId: id, candidates: [candidateOf('bob', 1)] });
    const shown = await alice.get<Candidates>(`/v1/sessions/${id}/candidates`);
    expect(shown.body.candidates.map(({ candidate }) => candidate)).toEqual([candidateOf('bob', 1)]);

    const own = `${service}:2.1.0@${bob.identity}`;
    await rpcResult(server, bob, 'publishOffer', { serviceFqn: own, offers: [{ sdp: sdpOf('hf') }], ttl: 120_000 });
    const page = await alice.get<Page>(`/v1/sessions?service=${encodeURIComponent(`${service}@^2`)}`);
    expect(page.body.sessions).toMatchObject([{ service: `${service}@2.1.0`, publisher: bob.identity, tags: [] }]);
    const answered = await alice.answer(page.body.sessions[0]!.sessionId, { sdp: sdpOf('answer') });
    expect(answered.status).toBe(201);
    expect((await bobInV1.feed()).body.items).toMatchObject([{ type: 'answered', answerer: name }]);
  });
});
