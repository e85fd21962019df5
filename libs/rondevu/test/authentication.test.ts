import { t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Client, createRig, credentialClient, type Headers, keyClient, offerBy, type Rig } from './rig.ts';

type Proof = Readonly<Record<string, unknown>>;
type Check = { readonly what: string; readonly change: (proof: Proof) => Proof; readonly errorCode: string };

const without = (member: string) => (proof: Proof) => {
  const { [member]: _, ...rest } = proof;
  return rest;
};
const withIt = (member: string, value: unknown) => (proof: Proof) => ({ ...proof, [member]: value });

/** In the order in which they are made. */
const keyChecks: readonly Check[] = [
  { what: 'no key', change: without('publicKey'), errorCode: 'AUTH_REQUIRED' },
  { what: 'a key that is no text', change: withIt('publicKey', 5), errorCode: 'AUTH_REQUIRED' },
  { what: 'no timestamp', change: without('timestamp'), errorCode: 'AUTH_REQUIRED' },
  { what: 'the timestamp 0', change: withIt('timestamp', 0), errorCode: 'AUTH_REQUIRED' },
  { what: 'a timestamp in a text', change: withIt('timestamp', String(t0)), errorCode: 'AUTH_REQUIRED' },
  { what: 'no nonce', change: without('nonce'), errorCode: 'AUTH_REQUIRED' },
  { what: 'an empty nonce', change: withIt('nonce', ''), errorCode: 'AUTH_REQUIRED' },
  { what: 'no signature', change: without('signature'), errorCode: 'AUTH_REQUIRED' },
  { what: 'a timestamp that is too old', change: withIt('timestamp', t0 - 60_001), errorCode: 'INVALID_PARAMS' },
  { what: 'a timestamp too far ahead', change: withIt('timestamp', t0 + 60_001), errorCode: 'INVALID_PARAMS' },
  { what: 'a key in capitals', change: withIt('publicKey', 'AB'.repeat(32)), errorCode: 'INVALID_PUBLIC_KEY' },
  { what: 'a key that is too short', change: withIt('publicKey', 'ab'.repeat(31)), errorCode: 'INVALID_PUBLIC_KEY' },
  { what: 'a nonce of 32 digits', change: withIt('nonce', '0'.repeat(32)), errorCode: 'INVALID_CREDENTIALS' },
  { what: 'the signature of something else', change: withIt('signature', 'AAAA'), errorCode: 'INVALID_CREDENTIALS' },
  {
    what: 'no point of the curve',
    change: withIt('publicKey', `02${'00'.repeat(31)}`),
    errorCode: 'INVALID_CREDENTIALS',
  },
];

const credentialChecks: readonly Check[] = [
  { what: 'an empty name', change: withIt('x-name', ''), errorCode: 'AUTH_REQUIRED' },
  { what: 'no timestamp', change: without('x-timestamp'), errorCode: 'AUTH_REQUIRED' },
  { what: 'a timestamp that is no number', change: withIt('x-timestamp', 'soon'), errorCode: 'AUTH_REQUIRED' },
  { what: 'the timestamp 0', change: withIt('x-timestamp', '0'), errorCode: 'AUTH_REQUIRED' },
  { what: 'no nonce', change: without('x-nonce'), errorCode: 'AUTH_REQUIRED' },
  { what: 'no signature', change: without('x-signature'), errorCode: 'AUTH_REQUIRED' },
  { what: 'a timestamp that is too old', change: withIt('x-timestamp', `${t0 - 60_001}`), errorCode: 'INVALID_PARAMS' },
  { what: 'a timestamp too far ahead', change: withIt('x-timestamp', `${t0 + 60_001}`), errorCode: 'INVALID_PARAMS' },
  { what: 'a timestamp without end', change: withIt('x-timestamp', '9'.repeat(400)), errorCode: 'INVALID_PARAMS' },
  { what: 'an unknown name', change: withIt('x-name', 'nobody'), errorCode: 'INVALID_CREDENTIALS' },
  { what: 'a nonce of 32 digits', change: withIt('x-nonce', '0'.repeat(32)), errorCode: 'INVALID_CREDENTIALS' },
  { what: 'the signature of something else', change: withIt('x-signature', 'AAAA'), errorCode: 'INVALID_CREDENTIALS' },
];

/** Each check, and each pair of them: the earlier one decides. */
const inOrder = (checks: readonly Check[]): readonly Check[] =>
  checks.flatMap((first, index) => [
    first,
    ...checks.slice(index + 1).map((second) => ({
      what: `${first.what}, then ${second.what}`,
      // The earlier change is made last, so that it stands where both change the same member.
      change: (proof: Proof) => first.change(second.change(proof)),
      errorCode: first.errorCode,
    })),
  ]);

let rig: Rig;
let alice: Client;
let carol: Client;

beforeEach(async () => {
  rig = createRig();
  alice = keyClient(rig, 'alice');
  carol = await credentialClient(rig, 'carol');
});

describe('a call signed with a key', () => {
  it.each(inOrder(keyChecks))('is refused with $what', async ({ change, errorCode }) => {
    const { item } = alice.sign('poll', {});
    const reply = await rig.one({ ...item, auth: change(item.auth as Proof) });
    expect(reply).toEqual({ success: false, error: expect.any(String), errorCode });
  });

  it('takes each member from its header where auth has none', async () => {
    const { item } = alice.sign('poll', {});
    const { publicKey, timestamp, nonce, signature } = item.auth as Readonly<Record<string, string>>;
    const headers = { 'x-publickey': `${publicKey}`, 'x-timestamp': `${timestamp}ms`, 'x-nonce': `${nonce}` };
    const bare = { method: 'poll', params: {} };
    expect(await rig.one({ ...bare, auth: { publicKey: null, signature } }, headers)).toMatchObject({ success: true });
    const all = alice.sign('poll', {}).item.auth as Readonly<Record<string, string>>;
    const allHeaders = {
      'x-publickey': `${all.publicKey}`,
      'x-timestamp': `${all.timestamp}`,
      'x-nonce': `${all.nonce}`,
      'x-signature': `${all.signature}`,
    };
    expect(await rig.one(bare, allHeaders)).toMatchObject({ success: true });
    expect(await rig.one({ ...bare, auth: {} }, allHeaders)).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
  });

  it('does not take a header for what auth holds of the wrong kind', async () => {
    const { item } = alice.sign('poll', {});
    const auth = { ...(item.auth as Proof), timestamp: 'now' };
    expect(await rig.one({ ...item, auth }, { 'x-timestamp': `${t0}` })).toMatchObject({ errorCode: 'AUTH_REQUIRED' });
  });

  it('works up to both ends of the window, and with a fraction of a millisecond', async () => {
    for (const timestamp of [t0 - 60_000, t0 + 60_000, t0 + 0.5]) {
      const { item } = alice.sign('poll', {}, { timestamp });
      expect(await rig.one(item)).toMatchObject({ success: true });
    }
  });

  it('works once for each nonce, as it is written', async () => {
    const nonce = rig.newNonce();
    const { item } = alice.sign('poll', {}, { nonce });
    expect(await rig.send([item, item])).toMatchObject([{ success: true }, { errorCode: 'INVALID_CREDENTIALS' }]);
    expect(await rig.one(alice.sign('poll', {}, { nonce: nonce.toUpperCase() }).item)).toMatchObject({ success: true });
    expect(await rig.one(keyClient(rig, 'bob').sign('poll', {}, { nonce }).item)).toMatchObject({ success: true });
  });

  it('uses up its nonce when the method fails, and not when the signature is wrong', async () => {
    const nonce = rig.newNonce();
    const forged = alice.sign('poll', {}, { nonce, text: '{"since":1}' }).item;
    expect(await rig.one(forged)).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
    const failing = alice.sign('poll', { since: -1 }, { nonce }).item;
    expect(await rig.one(failing)).toMatchObject({ errorCode: 'INVALID_PARAMS' });
    expect(await rig.one(failing)).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
  });

  it('is refused when its params are nested too deep to be signed', async () => {
    const params = JSON.parse(`{"a":${'['.repeat(100)}1${']'.repeat(100)}}`) as unknown;
    expect(await alice.call('poll', params)).toMatchObject({ errorCode: 'INTERNAL_ERROR' });
    expect(rig.faults).toEqual([]);
  });

  it('needs no proof for discover and countOffersByTags, and takes a wrong one for none', async () => {
    await offerBy(alice);
    const auth = { publicKey: keyClient(rig, 'bob').identity, timestamp: 1, nonce: '', signature: 5 };
    for (const method of ['discover', 'countOffersByTags']) {
      expect(await rig.one({ method, params: { tags: ['chat'] }, auth })).toMatchObject({ success: true });
      expect(await rig.one({ method, params: { tags: ['chat'] } })).toMatchObject({ success: true });
    }
  });

  it('keeps with the event what proves it', async () => {
    const { item } = alice.sign('publishOffer', { tags: ['chat'], offers: [{ sdp: 'v=0' }] });
    const before = await rig.log.head();
    await rig.post(JSON.stringify([{ method: 'x' }, item]));
    const [event] = await rig.log.readAll(before, 1);
    const { timestamp, nonce, signature } = item.auth as Proof;
    expect(event?.metadata).toEqual({
      actor: alice.identity,
      correlationId: 'request-1',
      causationId: 'request-1/1',
      trace: null,
      authorisation: {
        scheme: 'rondevu',
        key: alice.identity,
        algorithm: 'ed25519',
        nonce,
        timestamp,
        signature,
        signedTextHash: expect.stringMatching(/^[\w-]{43}$/),
      },
    });
  });
});

describe('a call signed in a fraction of a millisecond', () => {
  it('is recorded with the whole milliseconds that the log can hold', async () => {
    const { item } = alice.sign('publishOffer', { tags: ['chat'], offers: [{ sdp: 'v=0' }] }, { timestamp: t0 - 0.5 });
    const before = await rig.log.head();
    expect(await rig.one(item)).toMatchObject({ success: true });
    const [event] = await rig.log.readAll(before, 1);
    expect(event?.metadata.authorisation).toMatchObject({ timestamp: t0 - 1 });
  });
});

describe('a call signed with a credential', () => {
  it.each(inOrder(credentialChecks))('is refused with $what', async ({ change, errorCode }) => {
    const { item, headers } = carol.sign('poll', {});
    const reply = await rig.one(item, change(headers) as Headers);
    expect(reply).toEqual({ success: false, error: expect.any(String), errorCode });
  });

  it('asks for a name or a key where there is neither', async () => {
    const { item, headers } = carol.sign('poll', {});
    expect(await rig.one(item, without('x-name')(headers) as Headers)).toMatchObject({ errorCode: 'AUTH_REQUIRED' });
    expect(await rig.one({ method: 'publishOffer', params: { serviceFqn: 'a:1.0.0' } })).toMatchObject({
      errorCode: 'AUTH_REQUIRED',
    });
  });

  it('works once for each nonce of its name', async () => {
    const { item, headers } = carol.sign('poll', {});
    expect(await rig.send([item, item], headers)).toMatchObject([
      { success: true },
      { errorCode: 'INVALID_CREDENTIALS' },
    ]);
  });

  it('is refused when the credential has expired', async () => {
    await rig.one({ method: 'generateCredentials', params: { name: 'short', expiresAt: t0 + 1_000 } });
    rig.clock.set(t0 + 1_000);
    const { item, headers } = carol.sign('poll', {});
    expect(await rig.one(item, { ...headers, 'x-name': 'short' })).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
  });

  it('keeps with the event what proves it', async () => {
    const { item, headers } = carol.sign('publishOffer', { tags: ['chat'], offers: [{ sdp: 'v=0' }] });
    const before = await rig.log.head();
    await rig.one(item, headers);
    const [event] = await rig.log.readAll(before, 1);
    expect(event?.metadata.authorisation).toEqual({
      scheme: 'rondevu',
      key: 'carol',
      algorithm: 'hmac-sha256',
      nonce: headers['x-nonce'],
      timestamp: t0,
      signature: headers['x-signature'],
      signedTextHash: expect.stringMatching(/^[\w-]{43}$/),
    });
  });
});

describe('the methods of a dialect', () => {
  it('are its own: credentials neither count nor retag', async () => {
    for (const method of ['countOffersByTags', 'updateOfferTags', 'getOffers']) {
      expect(await carol.call(method, { tags: ['chat'] })).toMatchObject({ errorCode: 'UNKNOWN_METHOD' });
    }
  });

  it('are its own: services are neither discovered by tag nor retagged', async () => {
    for (const method of ['discover', 'countOffersByTags', 'updateOfferTags']) {
      expect(await carol.call(method, { serviceFqn: 'chat:1.0.0', tags: ['chat'] })).toMatchObject({
        errorCode: 'UNKNOWN_METHOD',
      });
    }
  });

  it('are those of keys where an item has auth, whatever the headers say', async () => {
    const { headers } = carol.sign('poll', {});
    const { item } = alice.sign('updateOfferTags', { tags: ['chat'] });
    expect(await rig.one(item, headers)).toEqual({ success: true, result: { success: true, count: 0 } });
  });
});
