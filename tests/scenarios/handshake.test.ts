import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anonymous,
  type Candidates,
  candidateOf,
  ed25519Caller,
  hmacCaller,
  issueCredential,
  newTag,
  newTokenCaller,
  type Offer,
  type Page,
  type Problem,
  sdpOf,
  tokenFor,
  v1,
} from '../support/client.ts';
import { waysToSpeak } from '../support/peers.ts';
import { type Server, startServer } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const ways = Object.keys(waysToSpeak);
const pairs = ways.flatMap((offerer) => ways.map((answerer) => ({ offerer, answerer })));

describe('a handshake, however its two parties speak', () => {
  it.each(pairs)('$offerer offers, $answerer answers', async ({ offerer, answerer }) => {
    const alice = await waysToSpeak[offerer]!(server);
    const bob = await waysToSpeak[answerer]!(server);
    const tag = newTag();
    const [offer, answer] = [sdpOf('offer'), sdpOf('answer')];

    const id = await alice.publish(tag, offer);
    expect(await bob.discover(tag)).toEqual(new Map([[offer, id]]));
    expect(await alice.answerTo(id)).toBeNull();

    await bob.answer(id, answer, [tag]);
    expect(await alice.answerTo(id)).toEqual({ answerer: bob.identity, sdp: answer });
    expect(await bob.discover(tag)).toEqual(new Map());

    const fromAlice = [1, 2, 3].map((n) => candidateOf('alice', n));
    const fromBob = [4, 5].map((n) => candidateOf('bob', n));
    await alice.trickle(id, fromAlice.slice(0, 2));
    await bob.trickle(id, fromBob);
    await alice.trickle(id, fromAlice.slice(2));
    expect(await bob.candidates(id)).toEqual(fromAlice);
    expect(await alice.candidates(id)).toEqual(fromBob);

    await alice.withdraw(id);
    await expect(bob.candidates(id)).rejects.toThrow(/410|OFFER_NOT_FOUND/);
  });
});

describe.each([
  ['tokens', async () => newTokenCaller(server)],
  [
    'HMAC signatures',
    async () => {
      const { name, secret } = await issueCredential(server);
      return hmacCaller(name, secret);
    },
  ],
  ['Ed25519 signatures', async () => ed25519Caller()],
  ['a token got by an Ed25519 signature', async () => tokenFor(server, ed25519Caller())],
])('HTTP v1 with %s', (_, newCaller) => {
  it('goes the whole way, and tells each party in its feed, by cursor and by long-poll', async () => {
    const [byAlice, byBob] = [await newCaller(), await newCaller()];
    const [alice, bob] = [v1(server, byAlice), v1(server, byBob)];
    const [tag, other] = [newTag(), newTag()];
    const [offer, answer] = [sdpOf('offer'), sdpOf('answer')];
    const start = await alice.feed();
    expect(start.body).toEqual({ items: [], cursor: expect.any(String), recovered: true });

    const published = await alice.publish({ tags: [tag, other], ttlMs: 120_000, offers: [{ sdp: offer }] });
    expect(published.status).toBe(201);
    expect(published.body).toEqual({
      sessions: [{ sessionId: expect.any(String), createdAt: expect.any(Number), expiresAt: expect.any(Number) }],
    });
    const { sessionId: id, createdAt, expiresAt } = published.body.sessions[0]!;
    expect(expiresAt - createdAt).toBe(120_000);
    const consistency = published.headers['signalbox-consistency'] ?? '';
    expect(consistency).not.toBe('');

    const shown: Offer = {
      ...{ sessionId: id, publisher: byAlice.identity, tags: [tag, other], sdp: offer, createdAt, expiresAt },
    };
    const page = await bob.get<Page>(`/v1/sessions?tag=${tag}`, { 'signalbox-consistency': consistency });
    expect(page.body).toEqual({ sessions: [shown], cursor: null });
    expect((await alice.get<Page>(`/v1/sessions?tag=${tag}`)).body.sessions, 'own offers are left out').toEqual([]);
    expect((await bob.get(`/v1/sessions?tag=${tag}&pick=random`)).body).toEqual(shown);
    expect((await alice.get<Problem>(`/v1/sessions?tag=${tag}&pick=random`)).body.code).toBe('OFFER_NOT_FOUND');
    const counted = await v1(server, anonymous).get(`/v1/tags?tag=${tag}&tag=${other}&tag=none-${tag}`);
    expect(counted.body).toEqual({ counts: { [tag]: 1, [other]: 1, [`none-${tag}`]: 0 } });

    const waiting = alice.feed(start.body.cursor, 20);
    const answered = await bob.answer(id, { sdp: answer, matchedTags: [other] });
    expect(answered.status).toBe(201);
    expect(answered.body).toEqual({ sessionId: id, answeredAt: expect.any(Number), expiresAt: expect.any(Number) });
    expect(answered.body.expiresAt - answered.body.answeredAt).toBe(30_000);
    const told = await waiting;
    expect(told.headers['preference-applied']).toBe('wait=20');
    expect(told.body.items).toEqual([
      {
        ...{ cursor: expect.any(String), at: expect.any(Number), type: 'answered', sessionId: id },
        ...{ answerer: byBob.identity, sdp: answer, matchedTags: [other] },
      },
    ]);

    const waitingForMore = alice.feed(told.body.cursor, 20);
    const fromBob = [candidateOf('bob', 1), { nested: { deep: [1, 'ä', null, { x: true }] }, unknown: 0.5 }];
    expect((await bob.trickle(id, fromBob)).body).toEqual({ count: 2 });
    const more = await waitingForMore;
    expect(more.body.items).toEqual([
      {
        ...{ cursor: expect.any(String), at: expect.any(Number), type: 'candidates', sessionId: id },
        ...{ from: byBob.identity, role: 'answerer', candidates: fromBob },
      },
    ]);
    const fromAlice = [candidateOf('alice', 1)];
    expect((await alice.trickle(id, fromAlice)).body).toEqual({ count: 1 });
    const forBob = await bob.get<Candidates>(`/v1/sessions/${id}/candidates`);
    expect(forBob.body).toEqual({
      candidates: [{ candidate: fromAlice[0], createdAt: expect.any(Number) }],
      cursor: expect.any(String),
    });
    const again = await bob.get<Candidates>(`/v1/sessions/${id}/candidates?cursor=${forBob.body.cursor}`);
    expect(again.body.candidates, 'a cursor repeats nothing').toEqual([]);

    const session = {
      ...{ sessionId: id, state: 'answered', tags: [tag, other], createdAt, expiresAt: answered.body.expiresAt },
      offer: { publisher: byAlice.identity, sdp: offer, createdAt },
      answer: {
        ...{ answerer: byBob.identity, sdp: answer, matchedTags: [other], answeredAt: answered.body.answeredAt },
      },
      candidates: { offerer: 1, answerer: 2 },
    };
    expect((await alice.get(`/v1/sessions/${id}`)).body).toEqual({ ...session, role: 'offerer' });
    expect((await bob.get(`/v1/sessions/${id}`)).body).toEqual({ ...session, role: 'answerer' });

    const bobsCursor = (await bob.feed()).body.cursor;
    const end = bob.feed(bobsCursor, 20);
    expect((await alice.withdraw(id)).status).toBe(204);
    expect((await end).body.items).toEqual([
      {
        ...{ cursor: expect.any(String), at: expect.any(Number), type: 'withdrawn', sessionId: id },
        reason: 'withdrawn',
      },
    ]);
    const gone = await bob.get<Problem>(`/v1/sessions/${id}`);
    expect(gone.status).toBe(410);
    expect(gone.body).toMatchObject({
      code: 'SESSION_ENDED',
      ended: { how: 'withdrawn', endedAt: expect.any(Number) },
    });
    expect(
      (await bob.feed()).body.items.map(({ type }) => type),
      'reading consumes nothing',
    ).toEqual(['candidates', 'withdrawn']);
  });
});

describe('discovery', () => {
  it('goes through all offers by cursor, newest first, while offers come and go', async () => {
    const alice = v1(server, await newTokenCaller(server));
    const bob = v1(server, await newTokenCaller(server));
    const tag = newTag();
    const publish = async (count: number) => {
      const offers = Array.from({ length: count }, () => ({ sdp: sdpOf('many') }));
      return (await alice.publish({ tags: [tag], offers })).body.sessions.map(({ sessionId }) => sessionId);
    };
    const first = await publish(30);
    const nextPage = async (cursor: string | null) =>
      (await bob.get<Page>(`/v1/sessions?tag=${tag}&limit=10${cursor === null ? '' : `&cursor=${cursor}`}`)).body;

    const one = await nextPage(null);
    await publish(5); // newer than what has been read: of no concern to the pages that follow
    const withdrawn = first.filter((id) => !one.sessions.some((offer) => offer.sessionId === id)).slice(0, 4);
    for (const id of withdrawn) await alice.withdraw(id);
    const two = await nextPage(one.cursor);
    const three = await nextPage(two.cursor);

    const seen = [one, two, three].flatMap((page) => page.sessions);
    expect(seen.map((offer) => offer.sessionId).toSorted()).toEqual(
      first.filter((id) => !withdrawn.includes(id)).toSorted(),
    );
    expect(seen.map((offer) => offer.createdAt)).toEqual(
      seen.map((offer) => offer.createdAt).toSorted((a, b) => b - a),
    );
    expect(three.cursor).toBeNull();
  });

  it('picks each of the open offers at random, and never one that is answered', async () => {
    const alice = v1(server, await newTokenCaller(server));
    const bob = v1(server, await newTokenCaller(server));
    const tag = newTag();
    const offers = Array.from({ length: 5 }, () => ({ sdp: sdpOf('random') }));
    const ids = (await alice.publish({ tags: [tag], offers })).body.sessions.map(({ sessionId }) => sessionId);
    await bob.answer(ids[0]!, { sdp: sdpOf('answer') });
    const picked = new Set<string>();
    for (let i = 0; i < 200; i++) {
      picked.add((await bob.get<Offer>(`/v1/sessions?tag=${tag}&pick=random`)).body.sessionId);
    }
    expect([...picked].toSorted()).toEqual(ids.slice(1).toSorted());
  });

  it('counts offers, or their publishers, for each tag', async () => {
    const [alice, bob] = [v1(server, await newTokenCaller(server)), v1(server, await newTokenCaller(server))];
    const tag = newTag();
    await alice.publish({ tags: [tag], offers: [{ sdp: sdpOf('1') }, { sdp: sdpOf('2') }] });
    await bob.publish({ tags: [tag], offers: [{ sdp: sdpOf('3') }] });
    const client = v1(server, anonymous);
    expect((await client.get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 3 } });
    expect((await client.get(`/v1/tags?tag=${tag}&unique=true`)).body).toEqual({ counts: { [tag]: 2 } });
  });

  it('follows a retag at once', async () => {
    const alice = v1(server, await newTokenCaller(server));
    const client = v1(server, anonymous);
    const [before, after] = [newTag(), newTag()];
    const { body } = await alice.publish({ tags: [before], offers: [{ sdp: sdpOf('moves') }] });
    const id = body.sessions[0]!.sessionId;
    const retagged = await alice.retag(id, [after]);
    expect([retagged.status, retagged.body]).toEqual([200, { sessionId: id, tags: [after] }]);
    expect((await client.get<Page>(`/v1/sessions?tag=${before}`)).body.sessions).toEqual([]);
    expect((await client.get<Page>(`/v1/sessions?tag=${after}`)).body.sessions.map((o) => o.sessionId)).toEqual([id]);
  });
});
