import { t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Client, createRig, credentialClient, keyClient, offerBy, type Reply, type Rig } from './rig.ts';

/** What upstream gets wrong and this server does not: each shows that the defect can't happen here. */

let rig: Rig;
let alice: Client;
let bob: Client;
let eve: Client;

beforeEach(() => {
  rig = createRig();
  [alice, bob, eve] = [keyClient(rig, 'alice'), keyClient(rig, 'bob'), keyClient(rig, 'eve')];
});

type Polled = {
  readonly answers: readonly { readonly offerId: string; readonly answeredAt: number }[];
  readonly iceCandidates: Readonly<
    Record<string, readonly { readonly candidate: unknown; readonly createdAt: number }[]>
  >;
};

describe('a client that remembers one time for all its offers', () => {
  it('misses nothing, though much happens within a millisecond and candidates come in bursts', async () => {
    const offers = [await offerBy(alice), await offerBy(alice), await offerBy(alice)];
    const seen: unknown[] = [];
    let cursor = 0;
    const poll = async () => {
      const { answers, iceCandidates } = (await alice.call('poll', { since: cursor })).result as Polled;
      const records = Object.values(iceCandidates).flat();
      seen.push(...answers.map((answer) => answer.offerId), ...records.map((record) => record.candidate));
      cursor = Math.max(cursor, ...answers.map((a) => a.answeredAt), ...records.map((r) => r.createdAt));
    };
    const expected: unknown[] = [];
    for (const [index, offerId] of offers.entries()) {
      await bob.call('answerOffer', { offerId, sdp: 'v=0' });
      expected.push(offerId);
      await poll();
      const candidates = Array.from({ length: 20 }, (_, i) => ({ index, i }));
      await bob.call('addIceCandidates', { offerId, candidates });
      expected.push(...candidates);
      await poll();
    }
    expect(rig.clock.now()).toBe(t0);
    expect(seen).toEqual(expected);
  });
});

describe('a stranger', () => {
  it('can neither inject candidates nor use up anyone’s quota before the answer', async () => {
    const offerId = await offerBy(alice);
    const fromEve = Array(50).fill({ from: 'eve' });
    expect(await eve.call('addIceCandidates', { offerId, candidates: fromEve })).toMatchObject({ success: true });
    await bob.call('addIceCandidates', { offerId, candidates: Array(50).fill({ from: 'bob' }) });
    await alice.call('addIceCandidates', { offerId, candidates: Array(50).fill({ from: 'alice' }) });
    await bob.call('answerOffer', { offerId, sdp: 'v=0' });
    const { candidates } = (await alice.call('getIceCandidates', { offerId })).result;
    expect(candidates).toHaveLength(50);
    expect(JSON.stringify(await alice.call('poll', {}))).not.toContain('eve');
    expect(JSON.stringify(candidates)).not.toContain('eve');
  });

  it('is not heard after the answer', async () => {
    const offerId = await offerBy(alice);
    await bob.call('answerOffer', { offerId, sdp: 'v=0' });
    expect(await eve.call('addIceCandidates', { offerId, candidates: [{}] })).toMatchObject({
      errorCode: 'NOT_AUTHORIZED',
    });
  });

  it('who wins the offer has its earlier candidates shown, once it has won', async () => {
    const offerId = await offerBy(alice);
    await bob.call('addIceCandidates', { offerId, candidates: [{ early: 1 }] });
    expect(await alice.call('getIceCandidates', { offerId })).toMatchObject({ result: { candidates: [] } });
    await bob.call('answerOffer', { offerId, sdp: 'v=0' });
    expect(await alice.call('getIceCandidates', { offerId })).toMatchObject({
      result: { candidates: [{ candidate: { early: 1 } }] },
    });
  });
});

describe('the limiters', () => {
  const forged = { 'x-forwarded-for': '198.51.100.1', 'x-real-ip': '198.51.100.2', 'cf-connecting-ip': '198.51.100.3' };

  it('count by the address that the server knows, whatever the headers say', async () => {
    const asked: (string | null)[] = [];
    rig = createRig({
      overrides: () => ({
        admitCredential: async (clientAddress) => {
          asked.push(clientAddress);
          return false;
        },
      }),
    });
    await rig.one({ method: 'generateCredentials' }, forged);
    expect(asked).toEqual(['192.0.2.7']);
  });
});

describe('an optional member that the client signs as undefined and does not send', () => {
  const calls = (offerId: string) => [
    { method: 'poll', params: {}, text: '{"since":undefined}' },
    {
      method: 'answerOffer',
      params: { offerId, sdp: 'v=0' },
      text: `{"matchedTags":undefined,"offerId":"${offerId}","sdp":"v=0"}`,
    },
    { method: 'getIceCandidates', params: { offerId }, text: `{"offerId":"${offerId}","since":undefined}` },
    {
      method: 'publishOffer',
      params: { tags: ['a'], offers: [{ sdp: 'v=0' }] },
      text: '{"offers":[{"sdp":"v=0"}],"tags":["a"],"ttl":undefined}',
    },
  ];

  it.each(['key', 'credential'])('is accepted of a %s', async (kind) => {
    const client = kind === 'key' ? bob : await credentialClient(rig, 'carol');
    for (const { method, params, text } of calls(await offerBy(alice))) {
      const { item, headers } = client.sign(method, params, { text });
      expect(await rig.one(item, headers)).toMatchObject({ success: true });
    }
  });

  it('is not accepted of another member, or beside one that was sent', async () => {
    const wrong = [
      bob.sign('poll', {}, { text: '{"until":undefined}' }),
      bob.sign('poll', { since: 5 }, { text: '{"since":undefined}' }),
      bob.sign('deleteOffer', { offerId: 'a' }, { text: '{"offerId":"a","since":undefined}' }),
    ];
    for (const { item } of wrong) expect(await rig.one(item)).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
  });
});

describe('a lost race', () => {
  it('is told to every loser', async () => {
    const offerId = await offerBy(alice);
    const rivals = Array.from({ length: 16 }, (_, i) => keyClient(rig, `rival-${i}`));
    const replies = await Promise.all(
      rivals.map((rival) => rival.call('answerOffer', { offerId, sdp: `v=0 ${rival.identity}` })),
    );
    const lost = { success: false, error: expect.any(String), errorCode: 'OFFER_ALREADY_ANSWERED' };
    expect(replies.filter((reply: Reply) => reply.success)).toHaveLength(1);
    expect(replies.filter((reply: Reply) => !reply.success)).toEqual(Array(15).fill(lost));
  });
});

describe('names and numbers that are none', () => {
  it('are no methods where every object has them', async () => {
    for (const method of ['toString', 'constructor', '__proto__']) {
      expect(await alice.call(method, {})).toMatchObject({ errorCode: 'UNKNOWN_METHOD' });
    }
  });

  it.each(['key', 'credential'])('do not pass for a timestamp, though they are signed (%s)', async (kind) => {
    const client = kind === 'key' ? alice : await credentialClient(rig, 'carol');
    const { item, headers } = client.sign('poll', {}, { timestamp: Number.NaN });
    const auth = item.auth as Readonly<Record<string, string>> | undefined;
    const proof = auth
      ? { 'x-publickey': `${auth.publicKey}`, 'x-nonce': `${auth.nonce}`, 'x-signature': `${auth.signature}` }
      : headers;
    expect(await rig.one({ method: 'poll', params: {} }, { ...proof, 'x-timestamp': 'NaN' })).toMatchObject({
      errorCode: 'AUTH_REQUIRED',
    });
  });
});

describe('a null item', () => {
  it('loses nothing but itself', async () => {
    const poll = alice.sign('poll', {}).item;
    const { status, results } = await rig.post(JSON.stringify([null, poll, null]));
    const refused = { success: false, error: expect.any(String), errorCode: 'INVALID_PARAMS' };
    expect({ status, results }).toEqual({
      status: 200,
      results: [refused, { success: true, result: { answers: [], iceCandidates: {} } }, refused],
    });
  });
});

describe('a nonce that is no UUID', () => {
  it.each(['0'.repeat(32), 'nonce', '00000000-0000-1000-8000-000000000000', '00000000-0000-4000-0000-000000000000'])(
    'is the caller’s fault: %s',
    async (nonce) => {
      const { item } = alice.sign('poll', {}, { nonce });
      expect(await rig.one(item)).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
      const { item: sent, headers } = (await credentialClient(rig, 'carol')).sign('poll', {}, { nonce });
      expect(await rig.one(sent, headers)).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
      expect(rig.faults).toEqual([]);
    },
  );
});

describe('a key that nobody proved', () => {
  it('hides its offers from discovery, and shows nothing that is private', async () => {
    const offerId = await offerBy(alice);
    const claim = { publicKey: alice.identity, timestamp: t0, nonce: rig.newNonce(), signature: 'AAAA' };
    const discover = { method: 'discover', params: { tags: ['chat'], limit: 9 }, auth: claim };
    expect(await rig.one(discover)).toMatchObject({ success: true, result: { offers: [] } });
    await bob.call('answerOffer', { offerId, sdp: 'v=0 secret' });
    for (const method of ['poll', 'getOfferAnswer', 'getIceCandidates']) {
      expect(await rig.one({ method, params: { offerId }, auth: claim })).toMatchObject({
        errorCode: 'INVALID_CREDENTIALS',
      });
    }
  });
});

describe('a request from before the server started', () => {
  it('is refused after the start, though its time is fresh', async () => {
    const captured = alice.sign('poll', {}).item;
    expect(await rig.one(captured)).toMatchObject({ success: true });
    rig = createRig({ refuseSignedBefore: t0 + 1 });
    expect(await rig.one(captured)).toEqual({
      success: false,
      error: expect.any(String),
      errorCode: 'INVALID_CREDENTIALS',
    });
    expect(await rig.one(alice.sign('poll', {}, { timestamp: t0 + 1 }).item)).toMatchObject({ success: true });
  });
});
