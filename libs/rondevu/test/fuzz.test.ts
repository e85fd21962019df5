import { errorCodes } from '@signalbox/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRig, credentialClient, keyClient, offerBy, type Rig } from './rig.ts';

/** What a POST may be answered with, whatever its body holds. */
const expectProper = async (rig: Rig, answer: Awaited<ReturnType<Rig['post']>>) => {
  expect([200, 400, 413]).toContain(answer.status);
  expect(answer.results.length).toBeGreaterThan(0);
  for (const result of JSON.parse(JSON.stringify(answer.results)) as readonly Readonly<Record<string, unknown>>[]) {
    if (result.success === true) {
      expect(Object.keys(result)).toEqual(['success', 'result']);
      expect(result.result).toBeTypeOf('object');
    } else {
      expect(Object.keys(result)).toEqual(['success', 'error', 'errorCode']);
      expect(result.success).toBe(false);
      expect(result.error).toBeTypeOf('string');
      expect(errorCodes).toContain(result.errorCode);
    }
  }
  expect(rig.faults).toEqual([]);
};

const methods = [
  ...['publishOffer', 'discover', 'countOffersByTags', 'answerOffer', 'getOfferAnswer', 'addIceCandidates'],
  ...['getIceCandidates', 'poll', 'deleteOffer', 'updateOfferTags', 'generateCredentials', 'getOffer'],
];

/** Values that come close to what is right, and any others. */
const paramsFor = (offerId: string) => {
  const sdp = fc.oneof(fc.constant('v=0'), fc.string(), fc.jsonValue());
  const tag = fc.oneof(fc.constantFrom('chat', 'de'), fc.string(), fc.jsonValue());
  const number = fc.oneof(fc.nat(), fc.double(), fc.jsonValue());
  return fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        offerId: fc.oneof(fc.constant(offerId), fc.jsonValue()),
        tags: fc.oneof(fc.array(tag), fc.jsonValue()),
        matchedTags: fc.oneof(fc.array(tag), fc.jsonValue()),
        sdp,
        offers: fc.oneof(fc.array(fc.record({ sdp })), fc.jsonValue()),
        candidates: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
        ttl: number,
        since: number,
        limit: number,
        offset: number,
        expiresAt: number,
        name: fc.oneof(fc.constantFrom('alice', 'carol-2'), fc.jsonValue()),
        unique: fc.jsonValue(),
        serviceFqn: fc.oneof(fc.constantFrom('chat:1.0.0', 'chat:1.0.0@carol', 'chat:1.0.0-rc@carol'), fc.jsonValue()),
      },
      { requiredKeys: [] },
    ),
  );
};

describe('whatever the body holds', () => {
  it('the answer is a list of proper results: any JSON', async () => {
    const rig = createRig();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.array(fc.jsonValue()).map((v) => JSON.stringify(v)),
          fc.string(),
        ),
        async (body) => {
          await expectProper(rig, await rig.post(body));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('the answer is a list of proper results: any bytes', async () => {
    const rig = createRig();
    await fc.assert(fc.asyncProperty(fc.uint8Array(), async (body) => expectProper(rig, await rig.post(body))));
  });

  it('the answer is a list of proper results: any params, signed and unsigned', async () => {
    const rig = createRig();
    const key = keyClient(rig, 'alice');
    const clients = [key, await credentialClient(rig, 'carol'), await credentialClient(rig, 'dave', 'body')];
    const offerId = await offerBy(key);
    const proofs = fc.jsonValue().filter((auth) => auth !== undefined);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...methods),
        paramsFor(offerId),
        fc.constantFrom(...clients, null),
        proofs,
        async (method, params, client, auth) => {
          // What is signed is what the server reads: numbers that JSON has no word for are gone by then.
          const sent = JSON.parse(JSON.stringify(params)) as unknown;
          const { item, headers } = client?.sign(method, sent) ?? { item: { method, params: sent, auth }, headers: {} };
          const answer = await rig.post(JSON.stringify([item, null]), headers);
          await expectProper(rig, answer);
          expect(answer.results).toHaveLength(2);
          const [first] = answer.results as readonly { readonly errorCode?: string }[];
          if (client) expect(first?.errorCode).not.toBe('INVALID_CREDENTIALS');
          expect(first?.errorCode).not.toBe('INTERNAL_ERROR');
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('writes nothing unless it is signed, but for credentials', async () => {
    const rig = createRig();
    const offerId = await offerBy(keyClient(rig, 'alice'));
    const before = await rig.log.head();
    const unsigned = methods.filter((method) => method !== 'generateCredentials');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...unsigned),
        paramsFor(offerId),
        fc.jsonValue(),
        async (method, params, auth) => {
          await rig.post(JSON.stringify([{ method, params, auth }]), { 'x-name': 'alice' });
          expect(await rig.log.head()).toBe(before);
        },
      ),
      { numRuns: 300 },
    );
  });
});
