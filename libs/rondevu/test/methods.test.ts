import { t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Client, createRig, credentialClient, keyClient, offerBy, type Rig } from './rig.ts';

let rig: Rig;
let alice: Client;
let bob: Client;
let carol: Client;
let dave: Client;

/** Alice and bob have keys, carol and dave credentials. */
beforeEach(async () => {
  rig = createRig();
  [alice, bob] = [keyClient(rig, 'alice'), keyClient(rig, 'bob')];
  [carol, dave] = [await credentialClient(rig, 'carol'), await credentialClient(rig, 'dave')];
});

const tags = ['chat', 'de'];
const id = expect.any(String);
const minute = 60_000;

describe('publishOffer', () => {
  it('echoes the offers in their order, for a key', async () => {
    const reply = await alice.call('publishOffer', {
      tags,
      offers: [{ sdp: 'a', more: 1 }, { sdp: 'b' }],
      ttl: 300_000,
    });
    const times = { createdAt: t0, expiresAt: t0 + 300_000 };
    expect(reply).toEqual({
      success: true,
      result: {
        publicKey: alice.identity,
        tags,
        offers: [
          { offerId: id, sdp: 'a', ...times },
          { offerId: id, sdp: 'b', ...times },
        ],
        ...times,
      },
    });
  });

  it('names the publisher by username, for a credential', async () => {
    const times = { createdAt: t0, expiresAt: t0 + minute };
    expect(await carol.call('publishOffer', { tags, offers: [{ sdp: 'a' }] })).toEqual({
      success: true,
      result: { username: 'carol', tags, offers: [{ offerId: id, sdp: 'a', ...times }], ...times },
    });
  });

  it.each([
    [undefined, minute],
    [0, minute],
    [90_000, 90_000],
    [90_000.25, 90_001],
    [1e12, 86_400_000],
    [Number.POSITIVE_INFINITY, 86_400_000],
  ])('with the ttl %s lets offers live for %d ms', async (ttl, lives) => {
    const { item } = alice.sign('publishOffer', {
      tags,
      offers: [{ sdp: 'a' }],
      ...(ttl === undefined ? {} : { ttl }),
    });
    const body = JSON.stringify([item]).replace('"ttl":null', '"ttl":1e999');
    expect((await rig.post(body)).results).toMatchObject([{ success: true, result: { expiresAt: t0 + lives } }]);
  });

  it('takes an SDP of the largest size', async () => {
    expect(await alice.call('publishOffer', { tags, offers: [{ sdp: 'é'.repeat(65_536) }] })).toMatchObject({
      success: true,
    });
  });

  it('is bounded for each publisher, and in all, and publishes all or nothing', async () => {
    rig = createRig({ maxSessionsPerIdentity: 3, maxSessions: 4 });
    [alice, bob] = [keyClient(rig, 'alice'), keyClient(rig, 'bob')];
    const offers = (n: number) => ({ tags, offers: Array(n).fill({ sdp: 'a' }) });
    expect(await alice.call('publishOffer', offers(4))).toMatchObject({ errorCode: 'TOO_MANY_OFFERS_PER_USER' });
    expect(await alice.call('publishOffer', offers(3))).toMatchObject({ success: true });
    expect(await alice.call('publishOffer', offers(1))).toMatchObject({ errorCode: 'TOO_MANY_OFFERS_PER_USER' });
    expect(await bob.call('publishOffer', offers(2))).toMatchObject({ errorCode: 'STORAGE_FULL' });
    expect(await bob.call('publishOffer', offers(1))).toMatchObject({ success: true });
  });
});

describe('discover', () => {
  const discover = (params: object, headers = {}) => rig.one({ method: 'discover', params }, headers);

  it('shows a page, newest first, of what carries any of the tags, naming the publisher in both ways', async () => {
    const first = await offerBy(alice, { tags: ['chat', 'de'] });
    rig.clock.set(t0 + 5);
    const second = await offerBy(carol, { tags: ['chess', 'de'] });
    await offerBy(bob, { tags: ['go'] });
    expect(await discover({ tags: ['chat', 'chess', 'de'], limit: 10 })).toEqual({
      success: true,
      result: {
        offers: [
          {
            ...{ offerId: second, publicKey: 'carol', username: 'carol', tags: ['chess', 'de'], sdp: 'v=0 offer' },
            ...{ createdAt: t0 + 5, expiresAt: t0 + 5 + minute },
          },
          {
            ...{ offerId: first, publicKey: alice.identity, username: alice.identity, tags: ['chat', 'de'] },
            ...{ sdp: 'v=0 offer', createdAt: t0, expiresAt: t0 + minute },
          },
        ],
        count: 2,
        limit: 10,
        offset: 0,
      },
    });
  });

  it.each([
    [{ limit: 0 }, { count: 1, limit: 1, offset: 0 }],
    [
      { limit: 2, offset: 2 },
      { count: 1, limit: 2, offset: 2 },
    ],
    [{ limit: 1_000 }, { count: 3, limit: 100, offset: 0 }],
    [
      { limit: 1e300, offset: 1e300 },
      { count: 0, limit: 100, offset: 1e300 },
    ],
  ])('answers %j with the limits that it kept to', async (page, expected) => {
    for (let i = 0; i < 3; i++) await offerBy(alice);
    expect(await discover({ tags: ['chat'], ...page })).toMatchObject({ success: true, result: expected });
  });

  it('gives one offer without a limit, and does not look at the offset then', async () => {
    const offerId = await offerBy(alice, { tags });
    expect(await discover({ tags: ['de', 'chat'], offset: 'x' })).toEqual({
      success: true,
      result: {
        ...{ offerId, publicKey: alice.identity, username: alice.identity, tags, sdp: 'v=0 offer' },
        ...{ createdAt: t0, expiresAt: t0 + minute },
      },
    });
  });

  it('hides the offers of whoever the caller says it is, and of nobody where it does not say so in text', async () => {
    await offerBy(alice);
    await offerBy(carol);
    const publishers = async (item: object, headers = {}) => {
      const reply = await rig.one({ method: 'discover', params: { tags: ['chat'], limit: 9 }, ...item }, headers);
      return reply.result.offers.map((offer: { readonly username: string }) => offer.username);
    };
    expect(await publishers({ auth: { publicKey: alice.identity } })).toEqual(['carol']);
    expect(await publishers({}, { 'x-publickey': alice.identity })).toEqual(['carol']);
    expect(await publishers({}, { 'x-name': 'carol' })).toEqual([alice.identity]);
    expect(await publishers({})).toEqual(['carol', alice.identity]);
    expect(await publishers({ auth: { publicKey: 5 } })).toEqual(['carol', alice.identity]);
  });

  it('shows no offer that was answered, withdrawn, or is due', async () => {
    const [answered, withdrawn] = [await offerBy(alice), await offerBy(alice)];
    await offerBy(alice);
    await bob.call('answerOffer', { offerId: answered, sdp: 'v=0' });
    await alice.call('deleteOffer', { offerId: withdrawn });
    expect(await discover({ tags: ['chat'], limit: 9 })).toMatchObject({ result: { count: 1 } });
    rig.clock.set(t0 + minute);
    expect(await discover({ tags: ['chat'], limit: 9 })).toMatchObject({ result: { count: 0, offers: [] } });
    expect(await discover({ tags: ['chat'] })).toMatchObject({ errorCode: 'OFFER_NOT_FOUND' });
  });
});

describe('countOffersByTags', () => {
  it('counts open offers, or their publishers, for every tag that was asked for', async () => {
    await offerBy(alice, { tags: ['chat', 'constructor'] });
    await offerBy(alice, { tags: ['chat'] });
    await offerBy(carol, { tags: ['chat'] });
    const params = { tags: ['chat', 'constructor', 'none'] };
    expect(await alice.call('countOffersByTags', params)).toEqual({
      success: true,
      result: { counts: { chat: 3, constructor: 1, none: 0 } },
    });
    expect(await rig.one({ method: 'countOffersByTags', params: { ...params, unique: true } })).toEqual({
      success: true,
      result: { counts: { chat: 2, constructor: 1, none: 0 } },
    });
    expect(await rig.one({ method: 'countOffersByTags', params: { ...params, unique: 1 } })).toMatchObject({
      result: { counts: { chat: 3 } },
    });
  });
});

describe('answerOffer and getOfferAnswer', () => {
  it('bring the answer to the owner, in the words of keys', async () => {
    const offerId = await offerBy(alice, { tags });
    rig.clock.set(t0 + 1_000);
    expect(await bob.call('answerOffer', { offerId, sdp: ' ', matchedTags: ['de'] })).toEqual({
      success: true,
      result: { success: true, offerId },
    });
    expect(await alice.call('getOfferAnswer', { offerId })).toEqual({
      success: true,
      result: { sdp: ' ', offerId, answererPublicKey: bob.identity, answeredAt: t0 + 1_000 },
    });
  });

  it('bring the answer to the owner, in the words of credentials', async () => {
    const offerId = await offerBy(carol, { tags });
    await dave.call('answerOffer', { offerId, sdp: 'v=0', matchedTags: [] });
    expect(await carol.call('getOfferAnswer', { offerId })).toEqual({
      success: true,
      result: { sdp: 'v=0', offerId, answererId: 'dave', answeredAt: t0 },
    });
  });

  it('say that there is no answer in the words that clients look for', async () => {
    const offerId = await offerBy(alice);
    expect(await alice.call('getOfferAnswer', { offerId })).toEqual({
      success: false,
      error: expect.stringContaining('not yet answered'),
      errorCode: 'OFFER_NOT_ANSWERED',
    });
  });

  it('set a new time to live with keys, be it shorter or longer', async () => {
    const [short, long] = [await offerBy(alice, { tags, ttl: 300_000 }), await offerBy(alice, { tags, ttl: 60_000 })];
    await bob.call('answerOffer', { offerId: short, sdp: 'v=0' });
    rig.clock.set(t0 + 50_000);
    await bob.call('answerOffer', { offerId: long, sdp: 'v=0' });
    expect(await alice.call('getOfferAnswer', { offerId: short })).toMatchObject({ errorCode: 'OFFER_NOT_FOUND' });
    rig.clock.set(t0 + 79_999);
    expect(await alice.call('getOfferAnswer', { offerId: long })).toMatchObject({ success: true });
    rig.clock.set(t0 + 80_000);
    expect(await alice.call('getOfferAnswer', { offerId: long })).toMatchObject({ errorCode: 'OFFER_NOT_FOUND' });
  });

  it('let an answered offer live out its time with credentials', async () => {
    const offerId = await offerBy(carol, { tags, ttl: 300_000 });
    await dave.call('answerOffer', { offerId, sdp: 'v=0' });
    rig.clock.set(t0 + 299_999);
    expect(await carol.call('getOfferAnswer', { offerId })).toMatchObject({ success: true });
  });

  it('let one answer one’s own offer', async () => {
    const offerId = await offerBy(alice);
    expect(await alice.call('answerOffer', { offerId, sdp: 'v=0' })).toMatchObject({ success: true });
  });
});

describe('addIceCandidates and getIceCandidates', () => {
  const nested = (containers: number) => JSON.parse(`${'['.repeat(containers)}${']'.repeat(containers)}`) as unknown;

  it('bring each party the other’s candidates as they were sent, with growing times', async () => {
    const offerId = await offerBy(alice);
    const odd = JSON.parse('{"b":1,"a":null,"__proto__":{"x":[]},"ü":"\\ud800"}') as unknown;
    expect(await alice.call('addIceCandidates', { offerId, candidates: [{ a: 1 }, odd] })).toEqual({
      success: true,
      result: { count: 2, offerId },
    });
    await bob.call('answerOffer', { offerId, sdp: 'v=0' });
    await bob.call('addIceCandidates', { offerId, candidates: [nested(10), { a: 'x'.repeat(4_088) }] });
    const forBob = await bob.call('getIceCandidates', { offerId });
    expect(forBob).toEqual({
      success: true,
      result: {
        candidates: [
          { candidate: { a: 1 }, createdAt: t0 },
          { candidate: odd, createdAt: t0 + 1 },
        ],
        offerId,
      },
    });
    expect(JSON.stringify(forBob.result.candidates[1].candidate)).toBe(JSON.stringify(odd));
    expect(await alice.call('getIceCandidates', { offerId, since: 0 })).toEqual({
      success: true,
      result: {
        candidates: [
          { candidate: nested(10), createdAt: t0 + 1 },
          { candidate: { a: 'x'.repeat(4_088) }, createdAt: t0 + 2 },
        ],
        offerId,
      },
    });
    expect(await bob.call('getIceCandidates', { offerId, since: t0 })).toMatchObject({
      result: { candidates: [{ createdAt: t0 + 1 }] },
    });
    expect(await bob.call('getIceCandidates', { offerId, since: t0 + 1 })).toMatchObject({
      result: { candidates: [] },
    });
  });

  it('are bounded for each party', async () => {
    const offerId = await offerBy(alice);
    await alice.call('addIceCandidates', { offerId, candidates: Array(50).fill({}) });
    expect(await alice.call('addIceCandidates', { offerId, candidates: [{}] })).toMatchObject({
      errorCode: 'TOO_MANY_ICE_CANDIDATES',
    });
    expect(await bob.call('addIceCandidates', { offerId, candidates: Array(50).fill({}) })).toMatchObject({
      success: true,
    });
  });
});

describe('deleteOffer', () => {
  it('deletes an own offer once, open or answered', async () => {
    const [open, answered] = [await offerBy(alice), await offerBy(alice)];
    await bob.call('answerOffer', { offerId: answered, sdp: 'v=0' });
    for (const offerId of [open, answered]) {
      expect(await alice.call('deleteOffer', { offerId })).toEqual({ success: true, result: { success: true } });
      expect(await alice.call('deleteOffer', { offerId })).toMatchObject({ errorCode: 'NOT_AUTHORIZED' });
    }
  });

  it('does not tell an offer that is due from one that never was', async () => {
    const offerId = await offerBy(alice);
    rig.clock.set(t0 + minute);
    expect(await alice.call('deleteOffer', { offerId })).toMatchObject({ errorCode: 'NOT_AUTHORIZED' });
  });
});

describe('updateOfferTags', () => {
  it('retags all live offers of the caller, answered ones too', async () => {
    const [open, answered] = [await offerBy(alice), await offerBy(alice)];
    await offerBy(bob);
    await bob.call('answerOffer', { offerId: answered, sdp: 'v=0' });
    expect(await alice.call('updateOfferTags', { tags: ['go'] })).toEqual({
      success: true,
      result: { success: true, count: 2 },
    });
    expect((await rig.views.sessions.find(answered))?.tags).toEqual(['go']);
    expect(await rig.one({ method: 'discover', params: { tags: ['go'] } })).toMatchObject({
      result: { offerId: open },
    });
    expect(await bob.call('countOffersByTags', { tags: ['chat', 'go'] })).toMatchObject({
      result: { counts: { chat: 1, go: 1 } },
    });
  });

  it('counts none where there are none', async () => {
    expect(await bob.call('updateOfferTags', { tags })).toEqual({ success: true, result: { success: true, count: 0 } });
  });
});

describe('a race that is lost too often', () => {
  it('is told as a limit, because nothing was done and the call may be repeated', async () => {
    const contended = async () => ({ kind: 'refused', refusal: { code: 'contended' } }) as const;
    rig = createRig({
      overrides: ({ sessions }) => ({
        sessions: { ...sessions, answer: contended, withdraw: contended, retag: contended },
      }),
    });
    [alice, bob] = [keyClient(rig, 'alice'), keyClient(rig, 'bob')];
    const offerId = await offerBy(alice);
    for (const reply of [
      await bob.call('answerOffer', { offerId, sdp: 'v=0' }),
      await alice.call('deleteOffer', { offerId }),
      await alice.call('updateOfferTags', { tags }),
    ]) {
      expect(reply).toEqual({
        success: false,
        error: expect.stringContaining('try again'),
        errorCode: 'RATE_LIMIT_EXCEEDED',
      });
    }
  });
});
