import { t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Client, createRig, keyClient, offerBy, type Rig } from './rig.ts';

let rig: Rig;
let alice: Client;
let bob: Client;
beforeEach(() => {
  rig = createRig();
  [alice, bob] = [keyClient(rig, 'alice'), keyClient(rig, 'bob')];
});

const taken = async () => (await rig.observations.take(100, t0)).sessions;

describe('what is noticed of Rondevu’s calls', () => {
  it('is what was shown and handed out, once', async () => {
    const offerId = await offerBy(alice);
    await rig.one({ method: 'discover', params: { tags: ['chat'], limit: 10, offset: 0 } });
    expect(await taken()).toMatchObject([{ sessionId: offerId, discovered: { times: 1 }, deliveries: [] }]);

    await alice.call('addIceCandidates', { offerId, candidates: [{ a: 1 }, { a: 2 }] });
    await bob.call('answerOffer', { offerId, sdp: 'v=0' });
    await bob.call('addIceCandidates', { offerId, candidates: [{ b: 1 }] });
    await bob.call('addIceCandidates', { offerId, candidates: [{ b: 2 }] });
    expect(await taken()).toEqual([]);

    await alice.call('poll', { since: 0 });
    await bob.call('getIceCandidates', { offerId });
    expect(await taken()).toMatchObject([
      {
        sessionId: offerId,
        deliveries: [
          { to: alice.identity, role: 'offerer', what: 'answer', upTo: 1 },
          { to: alice.identity, role: 'offerer', what: 'candidates', upTo: 2 },
          { to: bob.identity, role: 'answerer', what: 'candidates', upTo: 2 },
        ],
      },
    ]);
    await alice.call('poll', { since: 0 });
    await alice.call('getOfferAnswer', { offerId });
    expect(await taken()).toEqual([]);
  });

  it('is what an address was refused that has used up its limit', async () => {
    rig = createRig({ withinLimit: false });
    await rig.send([{ method: 'answerOffer', params: { offerId: 'one' } }, { method: 'poll' }, 7]);
    expect(await taken()).toMatchObject([
      { sessionId: 'one', refusals: [{ code: 'RATE_LIMIT_EXCEEDED', operation: 'answer', identity: null }] },
    ]);
  });

  it('is what was refused, of whom where that is proven; waiting for an answer is no refusal', async () => {
    const offerId = await offerBy(alice);
    await alice.call('getOfferAnswer', { offerId });
    await bob.call('answerOffer', { offerId, sdp: 'v=0' });
    const carol = keyClient(rig, 'carol');
    await carol.call('answerOffer', { offerId, sdp: 'v=0' });
    const late = carol.sign('addIceCandidates', { offerId, candidates: [{}] }, { timestamp: t0 - 3_600_000 });
    await rig.one(late.item, late.headers);
    const [session] = await taken();
    expect(session?.refusals).toMatchObject([
      { code: 'OFFER_ALREADY_ANSWERED', operation: 'answer', identity: carol.identity, count: 1 },
      { code: 'INVALID_PARAMS', operation: 'candidates', identity: null, detail: 'The timestamp is too old' },
    ]);
  });
});
