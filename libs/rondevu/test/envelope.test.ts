import { LogUnavailable } from '@signalbox/event-sourcing';
import { describe, expect, it } from 'vitest';
import { createRig, keyClient, offerBy, type Reply } from './rig.ts';

const refusal = (errorCode: string) => ({ success: false, error: expect.any(String), errorCode });
const count = { method: 'countOffersByTags', params: { tags: ['chat'] } };
const counted = { success: true, result: { counts: { chat: 0 } } };

describe('a body that is no batch', () => {
  it.each([
    ['empty', ''],
    ['no JSON', '[{'],
    ['an object', '{"method":"poll"}'],
    ['null', 'null'],
    ['a number', '5'],
    ['an empty list', '[]'],
  ])('is refused whole when it is %s', async (_, body) => {
    const rig = createRig();
    expect(await rig.post(body)).toEqual({ status: 400, results: [refusal('INVALID_PARAMS')], writes: [] });
  });

  it('is refused whole when it has more items than allowed', async () => {
    const rig = createRig({ limits: { maxBatchSize: 3 } });
    expect(await rig.post(JSON.stringify(Array(4).fill(null)))).toEqual({
      status: 413,
      results: [refusal('BATCH_TOO_LARGE')],
      writes: [],
    });
    expect(await rig.send(Array(3).fill(count))).toEqual([counted, counted, counted]);
  });
});

describe('a batch', () => {
  it('is answered item by item, in order, whatever becomes of the others', async () => {
    const rig = createRig();
    const items = [count, { method: 'nothing' }, { ...count, params: {} }, 5, count];
    expect(await rig.send(items)).toEqual([
      counted,
      refusal('UNKNOWN_METHOD'),
      refusal('INVALID_TAG'),
      refusal('INVALID_PARAMS'),
      counted,
    ]);
  });

  it.each([
    ['a list', []],
    ['a text', 'poll'],
    ['a number', 1],
    ['without a method', { params: {} }],
    ['with an empty method', { method: '' }],
    ['with a method that is no text', { method: 5 }],
    ['with a method that is null', { method: null }],
  ])('tells INVALID_PARAMS to an item that is %s', async (_, item) => {
    expect(await createRig().send([item, count])).toEqual([refusal('INVALID_PARAMS'), counted]);
  });

  it('runs one item after another, so that one can rest on the one before', async () => {
    const rig = createRig();
    const alice = keyClient(rig, 'alice');
    const publish = alice.sign('publishOffer', { tags: ['chat'], offers: [{ sdp: 'v=0' }] }).item;
    const [before, published, after] = await rig.send([count, publish, count]);
    expect(before).toEqual(counted);
    expect(published?.success).toBe(true);
    expect(after).toEqual({ success: true, result: { counts: { chat: 1 } } });
  });

  it('mixes callers and dialects', async () => {
    const rig = createRig();
    const [alice, bob] = [keyClient(rig, 'alice'), keyClient(rig, 'bob')];
    const offerId = await offerBy(alice);
    const replies = await rig.send([
      bob.sign('answerOffer', { offerId, sdp: 'v=0' }).item,
      alice.sign('getOfferAnswer', { offerId }).item,
      { method: 'generateCredentials', params: { name: 'carol' } },
    ]);
    expect(replies.map((reply) => reply.success)).toEqual([true, true, true]);
    expect(replies[1]?.result.answererPublicKey).toBe(bob.identity);
  });

  it('says where it left its streams', async () => {
    const rig = createRig();
    const alice = keyClient(rig, 'alice');
    const publish = alice.sign('publishOffer', { tags: ['chat'], offers: [{ sdp: 'a' }, { sdp: 'b' }] }).item;
    const { results, writes } = await rig.post(JSON.stringify([count, publish]));
    const published = results[1] as Reply | undefined;
    expect(writes).toEqual(
      published?.result.offers.map(({ offerId }: { offerId: string }) => ({
        stream: `session-${offerId}`,
        revision: 0,
      })),
    );
  });
});

describe('the count of operations', () => {
  const offers = (n: number) => ({ method: 'publishOffer', params: { offers: Array(n).fill({ sdp: 'v=0' }) } });
  const candidates = (n: number) => ({ method: 'addIceCandidates', params: { candidates: Array(n).fill({}) } });

  it('is one for each offer, each candidate, and anything else', async () => {
    const items = [offers(3), candidates(4), count, 5, null, { method: 'publishOffer' }, offers(0), candidates(0)];
    const codesWith = async (maxTotalOperations: number) =>
      (await createRig({ limits: { maxTotalOperations } }).send(items)).map((reply) =>
        reply.success ? null : reply.errorCode,
      );
    expect(await codesWith(12)).toEqual(Array(8).fill('BATCH_TOO_LARGE'));
    expect(await codesWith(13)).not.toContain('BATCH_TOO_LARGE');
  });

  it('refuses every item when it is too large, before any has run', async () => {
    const rig = createRig({ limits: { maxTotalOperations: 10 } });
    const publish = keyClient(rig, 'alice').sign('publishOffer', { tags: ['chat'], offers: [{ sdp: 'v=0' }] }).item;
    const { status, results } = await rig.post(JSON.stringify([publish, offers(5), null, candidates(4)]));
    expect({ status, results }).toEqual({ status: 200, results: Array(4).fill(refusal('BATCH_TOO_LARGE')) });
    expect(await rig.log.head()).toBe(0);
    expect(await rig.send([count, offers(5), candidates(4)])).toMatchObject([
      counted,
      {},
      { errorCode: 'AUTH_REQUIRED' },
    ]);
  });

  it('is looked at after the limiter, which refuses every item too', async () => {
    const rig = createRig({ limits: { maxTotalOperations: 10 }, withinLimit: false });
    const { status, results } = await rig.post(JSON.stringify([count, null, offers(20)]));
    expect({ status, results }).toEqual({ status: 200, results: Array(3).fill(refusal('RATE_LIMIT_EXCEEDED')) });
  });
});

describe('what a batch holds beyond its items', () => {
  const many = { method: 'publishOffer', params: { offers: Array(5).fill({ sdp: 'v=0' }) } };

  it('is charged to the address, and nothing is where each item is one', async () => {
    const asked: unknown[] = [];
    const overrides = () => ({
      admitOperations: async (address: string | null, more: number) => {
        asked.push([address, more]);
        return false;
      },
    });
    expect(await createRig({ overrides }).send([many, count])).toEqual(Array(2).fill(refusal('RATE_LIMIT_EXCEEDED')));
    expect(await createRig({ overrides }).send([count, count])).toEqual([counted, counted]);
    expect(asked).toEqual([['192.0.2.7', 4]]);
  });
});

describe('an answer that grows beyond all measure', () => {
  it('ends the batch: the items that follow are not run', async () => {
    const rig = createRig();
    const alice = keyClient(rig, 'alice');
    const offers = Array(100).fill({ sdp: 'x'.repeat(60_000) });
    await rig.one(alice.sign('publishOffer', { tags: ['chat'], offers }).item);
    const page = { method: 'discover', params: { tags: ['chat'], limit: 100 } };
    const replies = await rig.send(Array(5).fill(page));
    expect(replies.map((reply) => (reply.success ? 'shown' : reply.errorCode))).toEqual([
      ...Array(3).fill('shown'),
      ...Array(2).fill('BATCH_TOO_LARGE'),
    ]);
  });
});

describe('a fault', () => {
  const secretText = 'the disk at /var/lib is full';

  it('is told by its code to its item alone, says nothing of the inside, and is reported', async () => {
    const fault = new LogUnavailable(secretText);
    const rig = createRig({
      overrides: ({ sessions }) => ({ sessions: { ...sessions, publish: () => Promise.reject(fault) } }),
    });
    const publish = keyClient(rig, 'alice').sign('publishOffer', { tags: ['chat'], offers: [{ sdp: 'v=0' }] }).item;
    const { status, results } = await rig.post(JSON.stringify([publish, count]));
    expect({ status, results }).toEqual({ status: 200, results: [refusal('LOG_UNAVAILABLE'), counted] });
    expect(JSON.stringify(results)).not.toContain(secretText);
    expect(rig.faults).toEqual([fault]);
  });

  it('of the limiter of callers is told as INTERNAL_ERROR to its item, and is reported', async () => {
    const fault = new Error(secretText);
    const rig = createRig({ overrides: () => ({ admitCaller: () => Promise.reject(fault) }) });
    const poll = keyClient(rig, 'alice').sign('poll', {}).item;
    expect(await rig.send([count, poll])).toEqual([counted, refusal('INTERNAL_ERROR')]);
    expect(rig.faults).toEqual([fault]);
  });
});

describe('the limit of callers', () => {
  it('refuses the items of a caller who has used it up, and nobody else’s', async () => {
    const alice = keyClient(createRig(), 'alice').sign('poll', {}).item as { auth: { publicKey: string } };
    const spent = alice.auth.publicKey;
    const rig = createRig({ overrides: () => ({ admitCaller: async (identity) => identity !== spent }) });
    const items = ['alice', 'ben'].map((who) => keyClient(rig, who).sign('poll', {}).item);
    expect(await rig.send([...items, count])).toEqual([
      refusal('RATE_LIMIT_EXCEEDED'),
      { success: true, result: { answers: [], iceCandidates: {} } },
      counted,
    ]);
  });
});

describe('a failed proof', () => {
  it('is told to whoever counts them, by its code', async () => {
    const codes: string[] = [];
    const rig = createRig({ overrides: () => ({ onAuthFailed: (code) => codes.push(code) }) });
    await rig.send([{ method: 'poll', params: {} }, count]);
    expect(codes).toEqual(['AUTH_REQUIRED']);
  });
});

describe('names that every object inherits', () => {
  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf'])(
    'are no methods: %s',
    async (method) => {
      const rig = createRig();
      const item = keyClient(rig, 'alice').sign(method, {}).item;
      expect(await rig.send([item, { method }])).toEqual([refusal('UNKNOWN_METHOD'), refusal('UNKNOWN_METHOD')]);
    },
  );

  it('are harmless as members: a later one of the same name counts, __proto__ is a member like any other', async () => {
    const rig = createRig();
    const body =
      '[{"method":"poll","method":"countOffersByTags","__proto__":{"method":"x"},"params":{"tags":["a"],"tags":["b"],"__proto__":{"unique":true}}}]';
    expect((await rig.post(body)).results).toEqual([{ success: true, result: { counts: { b: 0 } } }]);
    expect(({} as Record<string, unknown>).method).toBeUndefined();
  });
});
