import { t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { rangeFor, readServiceName, serves, serviceIdOf } from '../src/service-name.ts';
import { type Client, createRig, credentialClient, offerBy, type Rig } from './rig.ts';

let rig: Rig;
let alice: Client;
let bob: Client;

/** As the clients of that time: they sign their params in the order of the body. */
beforeEach(async () => {
  rig = createRig();
  [alice, bob] = [await credentialClient(rig, 'alice', 'body'), await credentialClient(rig, 'bobby', 'body')];
});

const serviceFqn = 'chat:1.2.0@alice';
const serviceId = serviceIdOf(serviceFqn);
const minute = 60_000;
const publish = (client: Client, name: string, sdps: readonly string[] = ['v=0']) =>
  client.call('publishOffer', { serviceFqn: `${name}@${client.identity}`, offers: sdps.map((sdp) => ({ sdp })) });
const getOffer = (params: object, headers = {}) => rig.one({ method: 'getOffer', params }, headers);

describe('the name of a service', () => {
  it.each([
    ['chat:1.2.0@alice', { name: 'chat', version: '1.2.0', owner: 'alice' }],
    ['chat:1.2.0', { name: 'chat', version: '1.2.0', owner: null }],
    ['a:0.0.0-rc.1@abc', { name: 'a', version: '0.0.0-rc.1', owner: 'abc' }],
    [
      `${'c'.repeat(128)}:10.20.30@${'a'.repeat(32)}`,
      { name: 'c'.repeat(128), version: '10.20.30', owner: 'a'.repeat(32) },
    ],
  ])('is read from %s', (text, parts) => {
    expect(readServiceName(text)).toEqual(parts);
  });

  it.each([
    ['1.2.0', '1.2.0', true],
    ['1.2.0', '1.9.0', true],
    ['1.2.0', '1.1.9', false],
    ['1.2.0', '2.0.0', false],
    ['0.2.1', '0.2.9', true],
    ['0.2.1', '0.2.0', false],
    ['0.2.1', '0.3.0', false],
    ['0.0.1', '0.0.5', true],
    ['1.2.0', '1.3.0-rc.1', false],
    ['1.2.0', '1.2.0-rc.1', false],
    ['1.2.0-rc.1', '1.2.0-rc.1', true],
    ['1.2.0-rc.1', '1.2.0-rc.2', false],
    ['1.2.0-rc.1', '1.2.0', false],
  ])('asks with %s for %s: %s', async (asked, available, served) => {
    expect(serves(available, asked)).toBe(served);
    await publish(alice, `chat:${available}`);
    const found = await rig.views.discovery.random(
      { tags: [], service: { name: 'chat', range: rangeFor(asked) }, except: null },
      t0,
    );
    expect(found !== undefined).toBe(served);
  });

  it('gives the same id for ever, in the form of a UUID', () => {
    expect(serviceIdOf('chat:1.2.0@alice')).toBe(serviceId);
    expect(serviceIdOf('chat:1.2.1@alice')).not.toBe(serviceId);
    expect(serviceId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('publishing a service', () => {
  it('answers with the service and its offers', async () => {
    const times = { createdAt: t0, expiresAt: t0 + minute };
    const { result } = await publish(alice, 'chat:1.2.0', ['a', 'b']);
    const offerId = expect.any(String);
    expect(result).toEqual({
      ...{ serviceId, username: 'alice', serviceFqn },
      offers: [
        { offerId, sdp: 'a', ...times },
        { offerId, sdp: 'b', ...times },
      ],
      ...times,
    });
  });

  it('replaces what the owner had under that very name, answered or not', async () => {
    const { result: before } = await publish(alice, 'chat:1.2.0', ['a', 'b']);
    await publish(alice, 'chat:1.3.0');
    await bob.call('answerOffer', { serviceFqn, offerId: before.offers[1].offerId, sdp: 'v=0' });
    const { result: after } = await publish(alice, 'chat:1.2.0', ['c']);
    const live = await rig.views.sessions.livePublishedBy('alice', t0);
    expect(live.map(({ service, sdp }) => [service?.version, sdp])).toEqual([
      ['1.3.0', 'v=0'],
      ['1.2.0', 'c'],
    ]);
    expect(await getOffer({ serviceFqn })).toMatchObject({ result: { offerId: after.offers[0].offerId } });
    const events = (await rig.log.readAll(0, 1_000)).filter((event) => event.type === 'SessionWithdrawn');
    expect(events.map((event) => JSON.parse(Buffer.from(event.data).toString()).reason)).toEqual([
      'replaced',
      'replaced',
    ]);
  });

  it('says in which streams it wrote, the replaced ones first', async () => {
    const { result: before } = await publish(alice, 'chat:1.2.0');
    const { item, headers } = alice.sign('publishOffer', { serviceFqn, offers: [{ sdp: 'b' }] });
    const { writes, results } = await rig.post(JSON.stringify([item]), headers);
    const after = results[0] as { readonly result?: { readonly offers: readonly { readonly offerId: string }[] } };
    expect(writes).toEqual([
      { stream: `session-${before.offers[0].offerId}`, revision: 1 },
      { stream: `session-${after.result?.offers[0]?.offerId}`, revision: 0 },
    ]);
  });
});

describe('getOffer', () => {
  const entry = (offerId: string, more = {}) => ({
    ...{ serviceId, username: 'alice', serviceFqn, offerId, sdp: 'a', createdAt: t0, expiresAt: t0 + minute },
    ...more,
  });

  it('gives the oldest unanswered offer of somebody’s service, one’s own too', async () => {
    const { result } = await publish(alice, 'chat:1.2.0', ['a']);
    rig.clock.set(t0 + 10);
    await publish(alice, 'chat:1.3.0', ['b']);
    const [{ offerId }] = result.offers;
    expect(await getOffer({ serviceFqn: 'chat:1.1.0@alice' }, { 'x-name': 'alice' })).toEqual({
      success: true,
      result: entry(offerId),
    });
    await bob.call('answerOffer', { serviceFqn, offerId, sdp: 'v=0' });
    expect(await getOffer({ serviceFqn: 'chat:1.1.0@alice' })).toMatchObject({
      result: { serviceFqn: 'chat:1.3.0@alice' },
    });
  });

  it('says when all are answered, and when there is no such service', async () => {
    const { result } = await publish(alice, 'chat:1.2.0');
    await bob.call('answerOffer', { serviceFqn, offerId: result.offers[0].offerId, sdp: 'v=0' });
    expect(await getOffer({ serviceFqn })).toMatchObject({ errorCode: 'NO_AVAILABLE_OFFERS' });
    expect(await getOffer({ serviceFqn: 'chat:2.0.0@alice' })).toMatchObject({ errorCode: 'OFFER_NOT_FOUND' });
  });

  it('gives anyone’s where nobody is named, one’s own too', async () => {
    const { result } = await publish(alice, 'chat:1.2.0', ['a']);
    expect(await getOffer({ serviceFqn: 'chat:1.0.0', offset: 'x' }, { 'x-name': 'alice' })).toEqual({
      success: true,
      result: entry(result.offers[0].offerId),
    });
  });

  it('gives a page of one offer for each name, the oldest, without one’s own', async () => {
    const { result } = await publish(alice, 'chat:1.2.0', ['a']);
    rig.clock.set(t0 + 10);
    await publish(alice, 'chat:1.4.0', ['b', 'c']);
    await publish(bob, 'chat:1.2.5', ['d', 'e']);
    await publish(bob, 'chess:1.2.5', ['f']);
    const all = await getOffer({ serviceFqn: 'chat:1.0.0', limit: 10 });
    expect(all.result).toMatchObject({ count: 2, limit: 10, offset: 0 });
    expect(all.result.services).toEqual([
      {
        ...entry(expect.any(String)),
        ...{ serviceId: serviceIdOf('chat:1.2.5@bobby'), username: 'bobby' },
        serviceFqn: 'chat:1.2.5@bobby',
        sdp: expect.stringMatching(/^[de]$/),
        createdAt: t0 + 10,
        expiresAt: t0 + 10 + minute,
      },
      entry(result.offers[0].offerId),
    ]);
    expect(await getOffer({ serviceFqn: 'chat:1.0.0', limit: 0, offset: 1 })).toEqual({
      success: true,
      result: { services: [entry(result.offers[0].offerId)], count: 1, limit: 1, offset: 1 },
    });
    expect(await getOffer({ serviceFqn: 'chat:1.0.0', limit: 5 }, { 'x-name': 'alice' })).toMatchObject({
      result: { count: 1, services: [{ username: 'bobby' }] },
    });
  });

  it('is of this dialect whoever asks, and needs the name of a service', async () => {
    await publish(alice, 'chat:1.2.0');
    const auth = { publicKey: 'ab'.repeat(32) };
    expect(await rig.one({ method: 'getOffer', params: { serviceFqn }, auth })).toMatchObject({ success: true });
    expect(await rig.one({ method: 'getOffer' })).toMatchObject({ errorCode: 'INVALID_FQN' });
  });

  it('is asked by the same bounds for a page of what nobody offers', async () => {
    expect(await getOffer({ serviceFqn: 'chat:1.0.0', limit: 500, offset: 3 })).toEqual({
      success: true,
      result: { services: [], count: 0, limit: 100, offset: 3 },
    });
  });

  it('finds the oldest of very many', async () => {
    rig = createRig({ maxSessionsPerIdentity: 2_000 });
    alice = await credentialClient(rig, 'alice', 'body');
    const first = await publish(alice, 'chat:1.0.0', ['first']);
    for (let minor = 1; minor <= 11; minor++) await publish(alice, `chat:1.${minor}.0`, Array(100).fill('later'));
    expect(await getOffer({ serviceFqn: 'chat:1.0.0', limit: 5 })).toMatchObject({
      result: { services: [{ offerId: first.result.offers[0].offerId, sdp: 'first' }] },
    });
  });
});

describe('deleting a service', () => {
  it('ends all its offers, and nothing else', async () => {
    await publish(alice, 'chat:1.2.0', ['a', 'b']);
    await publish(alice, 'chat:1.3.0');
    expect(await alice.call('deleteOffer', { serviceFqn })).toEqual({ success: true, result: { success: true } });
    expect(await alice.call('deleteOffer', { serviceFqn })).toMatchObject({ errorCode: 'OFFER_NOT_FOUND' });
    expect(await rig.views.sessions.livePublishedBy('alice', t0)).toHaveLength(1);
  });
});

describe('a handshake over a service', () => {
  it('goes through getIceCandidates for the answerer, and through poll for the owner alone', async () => {
    const { result } = await publish(alice, 'chat:1.2.0');
    const [{ offerId }] = result.offers;
    await alice.call('addIceCandidates', { serviceFqn, offerId, candidates: [{ a: 1 }] });
    expect(await bob.call('answerOffer', { serviceFqn: 'not:compared', offerId, sdp: 'v=0 bob' })).toEqual({
      success: true,
      result: { success: true, offerId },
    });
    await bob.call('addIceCandidates', { serviceFqn, offerId, candidates: [{ b: 1 }] });
    expect(await alice.call('getOfferAnswer', { serviceFqn: 'x', offerId })).toEqual({
      success: true,
      result: { sdp: 'v=0 bob', offerId, answererId: 'bobby', answeredAt: t0 },
    });
    expect(await alice.call('poll', { since: 0 })).toEqual({
      success: true,
      result: {
        answers: [{ offerId, serviceId, answererId: 'bobby', sdp: 'v=0 bob', answeredAt: t0 }],
        iceCandidates: {
          [offerId]: [
            {
              id: expect.any(String),
              ...{ offerId, username: 'bobby', role: 'answerer', candidate: { b: 1 }, createdAt: t0 + 1 },
            },
          ],
        },
      },
    });
    expect(await bob.call('poll', {})).toEqual({ success: true, result: { answers: [], iceCandidates: {} } });
    expect(await bob.call('getIceCandidates', { serviceFqn, offerId })).toEqual({
      success: true,
      result: { candidates: [{ candidate: { a: 1 }, createdAt: t0 }], offerId },
    });
  });

  it('knows no offer with tags by the name of a service', async () => {
    const offerId = await offerBy(alice, { tags: ['chat'] });
    expect(await alice.call('addIceCandidates', { serviceFqn, offerId, candidates: [{}] })).toMatchObject({
      errorCode: 'INVALID_PARAMS',
    });
  });
});
