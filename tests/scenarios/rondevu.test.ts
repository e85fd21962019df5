import { systemChance, systemClock } from '@signalbox/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { candidateOf, newKey, newTag, sdpOf } from '../support/client.ts';
import {
  bodyOrderCaller,
  edCaller,
  htCaller,
  newCredential,
  type RondevuCaller,
  rpc,
  rpcOpen,
  rpcPost,
  rpcResult,
  rpcSend,
} from '../support/rondevu.ts';
import { type Server, startServer } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

type Json = Readonly<Record<string, unknown>>;

const dialects: readonly (readonly [
  string,
  { readonly identity: string; readonly answerer: string },
  () => Promise<RondevuCaller>,
])[] = [
  ['ED', { identity: 'publicKey', answerer: 'answererPublicKey' }, async () => edCaller(newKey())],
  ['HT', { identity: 'username', answerer: 'answererId' }, async () => htCaller(await newCredential(server))],
  [
    'HMAC in body order',
    { identity: 'username', answerer: 'answererId' },
    async () => bodyOrderCaller(await newCredential(server)),
  ],
];

describe.each(dialects)('the whole handshake in %s', (dialect, words, newCaller) => {
  it('has the results that its clients read, and one cursor of the client misses nothing', async () => {
    const [alice, bob] = [await newCaller(), await newCaller()];
    const tag = newTag();
    const [offer, answer] = [sdpOf('offer'), sdpOf('answer')];
    const times = { createdAt: expect.any(Number), expiresAt: expect.any(Number) };

    // The members are not in the order of their names, so that the two ways to sign them differ.
    const published = await rpcResult(server, alice, 'publishOffer', {
      ttl: 90_000,
      tags: [tag],
      offers: [{ sdp: offer }],
    });
    const [{ offerId } = { offerId: '' }] = published.offers as readonly { readonly offerId: string }[];
    expect(published).toEqual({
      ...{ [words.identity]: alice.identity, tags: [tag], ...times },
      offers: [{ offerId: expect.any(String), sdp: offer, ...times }],
    });
    expect(Number(published.expiresAt) - Number(published.createdAt)).toBe(90_000);

    const shown = { offerId, publicKey: alice.identity, username: alice.identity, tags: [tag], sdp: offer, ...times };
    const found = await rpcOpen(server, 'discover', { tags: [tag], limit: 5 });
    expect(found).toEqual({ success: true, result: { offers: [shown], count: 1, limit: 5, offset: 0 } });
    expect(await rpcOpen(server, 'discover', { tags: [tag] })).toEqual({ success: true, result: shown });
    const own = dialect === 'ED' ? { 'x-publickey': alice.identity } : { 'x-name': alice.identity };
    expect(await rpcOpen(server, 'discover', { tags: [tag] }, own)).toMatchObject({ errorCode: 'OFFER_NOT_FOUND' });

    const early = await rpc(server, alice, 'getOfferAnswer', { offerId });
    expect(early).toEqual({
      ...{ success: false, errorCode: 'OFFER_NOT_ANSWERED' },
      error: expect.stringContaining('not yet answered'),
    });
    const answered = await rpcResult(server, bob, 'answerOffer', { sdp: answer, offerId, matchedTags: [tag] });
    expect(answered).toEqual({ success: true, offerId });
    expect(await rpcResult(server, alice, 'getOfferAnswer', { offerId })).toEqual({
      ...{ sdp: answer, offerId, [words.answerer]: bob.identity, answeredAt: expect.any(Number) },
    });
    expect(await rpc(server, bob, 'getOfferAnswer', { offerId })).toMatchObject({ errorCode: 'NOT_AUTHORIZED' });

    let since = 0;
    const poll = async (by: RondevuCaller) => {
      const { answers, iceCandidates } = await rpcResult(server, by, 'poll', { since });
      const records = Object.values(iceCandidates as Readonly<Record<string, readonly Json[]>>).flat();
      const seen = [...(answers as readonly Json[]).map((a) => a.answeredAt), ...records.map((r) => r.createdAt)];
      since = Math.max(since, ...seen.map(Number));
      return { answers, records };
    };
    expect((await poll(alice)).answers).toEqual([
      {
        ...{ offerId, [words.answerer]: bob.identity, sdp: answer, answeredAt: expect.any(Number) },
        ...(dialect === 'ED' && { matchedTags: [tag] }),
      },
    ]);
    const fromBob = [1, 2, 3].map((n) => candidateOf('bob', n));
    for (const candidate of fromBob) {
      const added = await rpcResult(server, bob, 'addIceCandidates', { offerId, candidates: [candidate] });
      expect(added).toEqual({ count: 1, offerId });
    }
    expect(await poll(alice)).toEqual({
      answers: [],
      records: fromBob.map((candidate) => ({
        ...{ id: expect.any(String), offerId, [words.identity]: bob.identity, role: 'answerer', candidate },
        createdAt: expect.any(Number),
      })),
    });
    expect(await poll(alice)).toEqual({ answers: [], records: [] });

    await rpcResult(server, alice, 'addIceCandidates', { offerId, candidates: [candidateOf('alice', 1)] });
    expect(await rpcResult(server, bob, 'getIceCandidates', { offerId })).toEqual({
      ...{ offerId, candidates: [{ candidate: candidateOf('alice', 1), createdAt: expect.any(Number) }] },
    });

    expect(await rpc(server, bob, 'deleteOffer', { offerId })).toMatchObject({ errorCode: 'NOT_AUTHORIZED' });
    expect(await rpcResult(server, alice, 'deleteOffer', { offerId })).toEqual({ success: true });
    expect(await rpc(server, alice, 'deleteOffer', { offerId })).toMatchObject({ errorCode: 'NOT_AUTHORIZED' });
    expect(await rpc(server, bob, 'getIceCandidates', { offerId })).toMatchObject({ errorCode: 'OFFER_NOT_FOUND' });
  });

  it('refuses what was changed on the way, what is too old, and what is sent twice', async () => {
    const alice = await newCaller();
    const params = { offers: [{ sdp: sdpOf('offer') }], tags: [newTag()] };
    const refusal = async (post: Parameters<typeof rpcSend>[1]) => (await rpcSend(server, post)).results[0];
    const now = systemClock.now();

    const post = alice.signed('publishOffer', params);
    const changed = { ...post, items: post.items.map((item) => ({ ...item, params: { ...params, tags: ['other'] } })) };
    expect(await refusal(changed)).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
    expect(await refusal(post), 'a refused call burns no nonce').toMatchObject({ success: true });
    expect(await refusal(post)).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
    expect(await refusal(alice.signed('poll', {}, now - 61_000))).toMatchObject({ errorCode: 'INVALID_PARAMS' });
    expect(await refusal(alice.signed('poll', {}, now + 62_000))).toMatchObject({ errorCode: 'INVALID_PARAMS' });
    expect(await refusal(alice.signed('poll', {}, now + 50_000))).toMatchObject({ success: true });
  });
});

describe('what every dialect shares', () => {
  it('answers each item of a batch, in order, and stops at none', async () => {
    const [alice, bob] = [edCaller(newKey()), edCaller(newKey())];
    const tag = newTag();
    const items = [
      ...alice.signed('publishOffer', { tags: [tag], offers: [{ sdp: sdpOf('one') }] }).items,
      { method: 'discover', params: { tags: [tag], limit: 1 } },
      null,
      { method: 'toString', params: {} },
      { method: 'constructor' },
      { method: 17 },
      ...bob.signed('poll', {}).items,
      { method: 'poll' },
      { method: 'countOffersByTags', params: { tags: [tag] } },
    ];
    const { status, results } = await rpcPost(server, JSON.stringify(items));
    expect(status).toBe(200);
    expect(results.map((result) => (result.success ? 'ok' : result.errorCode))).toEqual([
      ...[
        'ok',
        'ok',
        'INVALID_PARAMS',
        'UNKNOWN_METHOD',
        'UNKNOWN_METHOD',
        'INVALID_PARAMS',
        'ok',
        'AUTH_REQUIRED',
        'ok',
      ],
    ]);
    expect(results[8]).toEqual({ success: true, result: { counts: { [tag]: 1 } } });
  });

  it.each([
    ['no JSON', '{"', 400, 'INVALID_PARAMS'],
    ['nothing', '', 400, 'INVALID_PARAMS'],
    ['no array', '{}', 400, 'INVALID_PARAMS'],
    ['an empty array', '[]', 400, 'INVALID_PARAMS'],
    ['101 items', JSON.stringify(Array(101).fill({ method: 'poll' })), 413, 'BATCH_TOO_LARGE'],
  ])('refuses a body that is %s', async (_, body, status, errorCode) => {
    const answer = await rpcPost(server, body);
    expect(answer.status).toBe(status);
    expect(answer.results).toEqual([{ success: false, error: expect.any(String), errorCode }]);
  });

  it('counts the operations of a batch before any of it runs', async () => {
    const alice = edCaller(newKey());
    const tag = newTag();
    const offers = (count: number) => Array.from({ length: count }, () => ({ sdp: 'v=0' }));
    const items = Array.from(
      { length: 11 },
      () => alice.signed('publishOffer', { tags: [tag], offers: offers(91) }).items[0]!,
    );
    const { status, results } = await rpcPost(server, items);
    expect(status).toBe(200);
    expect(results).toHaveLength(11);
    expect(new Set(results.map((r) => !r.success && r.errorCode))).toEqual(new Set(['BATCH_TOO_LARGE']));
    expect(await rpcOpen(server, 'countOffersByTags', { tags: [tag] })).toMatchObject({
      result: { counts: { [tag]: 0 } },
    });
  });

  it('looks at no content type, and takes clients that sign a member they leave out', async () => {
    // The real client prints a member that is undefined as the bare word, and then does not send it.
    const { items } = edCaller(newKey(), () => '{"since":undefined}').signed('poll', {});
    const answer = await rpcPost(server, items, { 'content-type': 'text/plain' });
    expect(answer.results[0]).toMatchObject({ success: true });
  });

  it('lets the owner retag all offers at once, and refuses a lost race', async () => {
    const [alice, bob, carol] = [edCaller(newKey()), edCaller(newKey()), edCaller(newKey())];
    const [tag, later] = [newTag(), newTag()];
    const offers = [{ sdp: sdpOf('one') }, { sdp: sdpOf('two') }];
    const published = await rpcResult(server, alice, 'publishOffer', { tags: [tag], offers });
    const ids = (published.offers as readonly { readonly offerId: string }[]).map(({ offerId }) => offerId);
    expect(await rpcResult(server, alice, 'updateOfferTags', { tags: [later] })).toEqual({ success: true, count: 2 });
    expect(await rpcOpen(server, 'countOffersByTags', { tags: [tag, later], unique: true })).toEqual({
      success: true,
      result: { counts: { [tag]: 0, [later]: 1 } },
    });
    await rpcResult(server, bob, 'answerOffer', { offerId: ids[0], sdp: sdpOf('answer') });
    expect(await rpc(server, carol, 'answerOffer', { offerId: ids[0], sdp: sdpOf('late') })).toMatchObject({
      errorCode: 'OFFER_ALREADY_ANSWERED',
    });
    expect(await rpc(server, carol, 'answerOffer', { offerId: systemChance.uuid(), sdp: 'v=0' })).toMatchObject({
      errorCode: 'OFFER_NOT_FOUND',
    });
  });
});
