import { t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Client, createRig, credentialClient, keyClient, offerBy, type Rig } from './rig.ts';

let rig: Rig;
let alice: Client;
let bob: Client;

beforeEach(() => {
  rig = createRig();
  [alice, bob] = [keyClient(rig, 'alice'), keyClient(rig, 'bob')];
});

const nothing = { success: true, result: { answers: [], iceCandidates: {} } };

describe('poll', () => {
  it('shows both parties what the other did, in the words of keys', async () => {
    const offerId = await offerBy(alice, { tags: ['chat', 'de'] });
    await alice.call('addIceCandidates', { offerId, candidates: [{ a: 1 }] });
    await bob.call('answerOffer', { offerId, sdp: 'v=0 bob', matchedTags: ['de'] });
    await bob.call('addIceCandidates', { offerId, candidates: [{ b: 1 }, { b: 2 }] });
    const record = (from: string, role: string, candidate: unknown, createdAt: number) => ({
      id: expect.any(String),
      ...{ offerId, publicKey: from, role, candidate, createdAt },
    });
    expect(await alice.call('poll', {})).toEqual({
      success: true,
      result: {
        answers: [{ offerId, answererPublicKey: bob.identity, sdp: 'v=0 bob', answeredAt: t0, matchedTags: ['de'] }],
        iceCandidates: {
          [offerId]: [
            record(bob.identity, 'answerer', { b: 1 }, t0 + 1),
            record(bob.identity, 'answerer', { b: 2 }, t0 + 2),
          ],
        },
      },
    });
    expect(await bob.call('poll', { since: 0 })).toEqual({
      success: true,
      result: { answers: [], iceCandidates: { [offerId]: [record(alice.identity, 'offerer', { a: 1 }, t0)] } },
    });
  });

  it('shows them in the words of credentials, without matched tags', async () => {
    const [carol, dave] = [await credentialClient(rig, 'carol'), await credentialClient(rig, 'dave')];
    const offerId = await offerBy(carol);
    await dave.call('answerOffer', { offerId, sdp: 'v=0 dave', matchedTags: ['chat'] });
    await dave.call('addIceCandidates', { offerId, candidates: [{}] });
    const record = {
      id: expect.any(String),
      offerId,
      username: 'dave',
      role: 'answerer',
      candidate: {},
      createdAt: t0 + 1,
    };
    expect(await carol.call('poll')).toEqual({
      success: true,
      result: {
        answers: [{ offerId, answererId: 'dave', sdp: 'v=0 dave', answeredAt: t0 }],
        iceCandidates: { [offerId]: [record] },
      },
    });
  });

  it('shows matched tags as they were sent: none, or an empty list', async () => {
    const [none, empty] = [await offerBy(alice), await offerBy(alice)];
    await bob.call('answerOffer', { offerId: none, sdp: 'v=0' });
    await bob.call('answerOffer', { offerId: empty, sdp: 'v=0', matchedTags: [] });
    const { result } = await alice.call('poll', {});
    expect(result.answers).toEqual([
      { offerId: empty, answererPublicKey: bob.identity, sdp: 'v=0', answeredAt: t0 + 1, matchedTags: [] },
      { offerId: none, answererPublicKey: bob.identity, sdp: 'v=0', answeredAt: t0 },
    ]);
  });

  it('shows what is strictly later than since, and consumes nothing', async () => {
    const offerId = await offerBy(alice);
    await bob.call('answerOffer', { offerId, sdp: 'v=0' });
    await bob.call('addIceCandidates', { offerId, candidates: [{ b: 1 }, { b: 2 }] });
    for (let repeat = 0; repeat < 2; repeat++) {
      expect(await alice.call('poll', { since: t0 - 1 })).toMatchObject({ result: { answers: [{ answeredAt: t0 }] } });
      expect(await alice.call('poll', { since: t0 + 1 })).toMatchObject({
        result: { answers: [], iceCandidates: { [offerId]: [{ createdAt: t0 + 2 }] } },
      });
      expect(await alice.call('poll', { since: t0 + 2 })).toEqual(nothing);
    }
  });

  it('gives every record an id of its own that stays the same', async () => {
    const offerId = await offerBy(alice);
    await bob.call('answerOffer', { offerId, sdp: 'v=0' });
    await bob.call('addIceCandidates', { offerId, candidates: [{}, {}] });
    await bob.call('addIceCandidates', { offerId, candidates: [{}] });
    const ids = async () =>
      (await alice.call('poll', {})).result.iceCandidates[offerId].map((record: { readonly id: string }) => record.id);
    const first = await ids();
    expect(new Set(first).size).toBe(3);
    expect(await ids()).toEqual(first);
  });

  it('says nothing of offers that were deleted or are due', async () => {
    const [deleted, due] = [await offerBy(alice), await offerBy(alice)];
    for (const offerId of [deleted, due]) {
      await bob.call('answerOffer', { offerId, sdp: 'v=0' });
      await bob.call('addIceCandidates', { offerId, candidates: [{}] });
    }
    await alice.call('deleteOffer', { offerId: deleted });
    expect(Object.keys((await alice.call('poll', {})).result.iceCandidates)).toEqual([due]);
    expect((await alice.call('poll', {})).result.answers).toHaveLength(1);
    rig.clock.set(t0 + 30_000);
    expect(await alice.call('poll', {})).toEqual(nothing);
    expect(await bob.call('poll', {})).toEqual(nothing);
  });

  it('shows nothing to whoever is no party', async () => {
    const offerId = await offerBy(alice);
    await bob.call('answerOffer', { offerId, sdp: 'v=0' });
    await bob.call('addIceCandidates', { offerId, candidates: [{}] });
    expect(await keyClient(rig, 'eve').call('poll', {})).toEqual(nothing);
  });

  it('asks for more than a thousand offers’ news as for one’s', async () => {
    rig = createRig({ maxSessionsPerIdentity: 2_000 });
    [alice, bob] = [keyClient(rig, 'alice'), keyClient(rig, 'bob')];
    for (let batch = 0; batch < 11; batch++) {
      const { result } = await alice.call('publishOffer', { tags: ['chat'], offers: Array(100).fill({ sdp: 'v=0' }) });
      const answers = result.offers.map(
        ({ offerId }: { readonly offerId: string }) => bob.sign('answerOffer', { offerId, sdp: 'v=0' }).item,
      );
      await rig.send(answers);
    }
    expect((await alice.call('poll', {})).result.answers).toHaveLength(1_100);
  });
});
