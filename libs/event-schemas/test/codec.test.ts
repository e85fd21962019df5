import type { DomainEvent, Opaque } from '@signalbox/domain';
import {
  KeysUnavailable,
  type PayloadSeal,
  streamName,
  UnknownEventType,
  UnreadableEvent,
} from '@signalbox/event-sourcing';
import { answered, candidatesAdded, issued, offered, swept, unsealed } from '@signalbox/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventCodec, UnwritableEvent } from '../src/index.ts';
import { jsonBytes, recorded } from './recorded.ts';

const stream = streamName('session', 's-1');
const encodeOne = async (event: DomainEvent) => {
  const [encoded] = await createEventCodec(unsealed).encode(stream, 0, [event], null);
  if (!encoded) throw new Error('Nothing was encoded.');
  return encoded;
};
const stored = (text: string, other = {}) =>
  recorded({ type: 'SessionWithdrawn', schemaVersion: 1, data: jsonBytes(text), keyId: null, ...other }, 7);
const errorOf = async (work: Promise<unknown>): Promise<Error & { cause: Error }> =>
  work.then(
    () => expect.unreachable(),
    (error) => error,
  );

describe('encoding', () => {
  it('gives what the log stores of each event, in order', async () => {
    const encoded = await createEventCodec(unsealed).encode(stream, 0, [offered(), swept()], null);
    expect(encoded).toStrictEqual([
      { type: 'OfferPublished', schemaVersion: 1, data: jsonBytes(JSON.stringify(offered().data)), keyId: null },
      { type: 'SweepCompleted', schemaVersion: 1, data: jsonBytes(JSON.stringify(swept().data)), keyId: null },
    ]);
    expect(await createEventCodec(unsealed).encode(stream, 0, [], null)).toStrictEqual([]);
  });

  it('gives bytes that depend on the data alone, not on how it was put together', async () => {
    const { data } = answered();
    const otherWay = Object.fromEntries(Object.entries(data).toReversed()) as typeof data;
    expect(Object.keys(otherWay)).not.toEqual(Object.keys(data));
    expect(await encodeOne({ type: 'OfferAnswered', data: otherWay })).toStrictEqual(await encodeOne(answered()));
  });

  it('gives each event a buffer of its own, of exactly its size, so that it can be moved to a thread', async () => {
    const events = [offered(), offered({ sdp: '' }), offered({ sdp: 'ü'.repeat(100_000) })];
    const encoded = await createEventCodec(unsealed).encode(stream, 0, events, null);
    for (const { data } of encoded) expect([data.byteOffset, data.buffer.byteLength]).toEqual([0, data.byteLength]);
    expect(new Set(encoded.map(({ data }) => data.buffer)).size).toBe(3);
  });

  it.each([
    ['a time that is no number', offered({ publishedAt: Number.NaN })],
    ['a time beyond exact numbers', offered({ expiresAt: 2 ** 53 })],
    ['a count below zero', candidatesAdded({ firstIndex: -1 })],
    ['more than a bound allows', offered({ publisher: 'x'.repeat(65_537) })],
    ['a field too many', offered({ secret: 'x' } as object)],
    ['a type that nobody knows', { type: 'OfferPraised', data: {} } as unknown as DomainEvent],
  ])('refuses to write what could not be read again: %s', async (_, event) => {
    const error = await errorOf(createEventCodec(unsealed).encode(stream, 0, [event], null));
    expect(error).toBeInstanceOf(UnwritableEvent);
    expect(error).toMatchObject({ code: 'UNWRITABLE_EVENT', name: 'UnwritableEvent' });
    expect(error.message).toContain(event.type);
  });
});

describe('decoding', () => {
  it('gives each event with its envelope, in order', async () => {
    const one = { ...recorded(await encodeOne(offered()), 1), hash: jsonBytes('h'), previousHash: jsonBytes('p') };
    const two = recorded(await encodeOne(issued()), 9);
    const { type: _type, schemaVersion: _version, data: _data, ...envelope } = one;
    expect(await createEventCodec(unsealed).decode([one, two], 'stop')).toStrictEqual([
      { ...envelope, event: offered() },
      {
        id: two.id,
        stream: two.stream,
        revision: 8,
        position: 9,
        recordedAt: two.recordedAt,
        metadata: two.metadata,
        keyId: null,
        hash: null,
        previousHash: null,
        event: issued(),
      },
    ]);
  });

  it('leaves out an unknown type for a projection and stops a decider', async () => {
    const unknown = stored('{}', { type: 'OfferPraised' });
    const known = recorded(await encodeOne(offered()), 8);
    const decoded = await createEventCodec(unsealed).decode([unknown, known], 'skip');
    expect(decoded.map(({ event }) => event)).toStrictEqual([offered()]);
    const error = await errorOf(createEventCodec(unsealed).decode([unknown, known], 'stop'));
    expect(error).toBeInstanceOf(UnknownEventType);
    expect(error.message).toBe(
      'The log holds an event of type OfferPraised at position 7 that this version does not know.',
    );
  });

  const fitting = '{"reason":"withdrawn","withdrawnAt":1}';
  it.each([
    ['a field that is missing', stored('{"reason":"withdrawn"}')],
    ['a field of another type', stored('{"reason":"withdrawn","withdrawnAt":"1"}')],
    ['a field too many', stored('{"reason":"withdrawn","withdrawnAt":1,"by":"alice"}')],
    ['a field named __proto__', stored('{"reason":"withdrawn","withdrawnAt":1,"__proto__":{}}')],
    ['a value that is not one of a list', stored('{"reason":"bored","withdrawnAt":1}')],
    ['a version from the future', stored(fitting, { schemaVersion: 2 })],
    ['a version that never was', stored(fitting, { schemaVersion: 0 })],
    ['no JSON', stored(fitting.slice(1))],
    ['nothing', stored('')],
    ['null', stored('null')],
    ['no UTF-8', stored('', { data: Uint8Array.of(0x7b, 0xff, 0x7d) })],
  ])('stops, loudly, whoever asks, at a known type that holds %s', async (_, event) => {
    for (const unknown of ['skip', 'stop'] as const) {
      const error = await errorOf(createEventCodec(unsealed).decode([event], unknown));
      expect(error).toBeInstanceOf(UnreadableEvent);
      expect(error).toMatchObject({ code: 'UNREADABLE_EVENT', stream: event.stream });
      expect(error.message).toMatch(/SessionWithdrawn \(schema version [012]\) at position 7/);
      expect(error.cause).toBeInstanceOf(Error);
    }
  });

  it('lets nothing of the content into the error', async () => {
    const secret = 'candidate-192.0.2.1';
    const broken = [
      stored(`{"reason":"${secret}"`),
      stored(`${secret}`),
      stored(`{"reason":"${secret}","withdrawnAt":1}`),
    ];
    for (const event of broken) {
      const error = await errorOf(createEventCodec(unsealed).decode([event], 'skip'));
      expect([error.message, error.cause.message, String(error.cause.cause)].join()).not.toContain('192');
    }
  });

  it('narrowed to one decider, takes the events of the others for unknown', async () => {
    const { only } = createEventCodec(unsealed);
    const ofCredential = recorded(await encodeOne(issued()), 1);
    const ofSession = recorded(await encodeOne(offered()), 2);
    const ofOperations = recorded(await encodeOne(swept()), 3);
    const all = [ofCredential, ofSession, ofOperations];
    const eventsOf = async (codec: (typeof only)[keyof typeof only]) =>
      (await codec.decode(all, 'skip')).map(({ event }) => event);
    expect(await eventsOf(only.session)).toStrictEqual([offered()]);
    expect(await eventsOf(only.credential)).toStrictEqual([issued()]);
    expect(await eventsOf(only.operations)).toStrictEqual([swept()]);
    expect(await errorOf(only.session.decode(all, 'stop'))).toBeInstanceOf(UnknownEventType);
  });
});

describe('bytes that this codec has encoded itself', () => {
  it('give the very same event, unparsed, as long as they are the same object', async () => {
    const codec = createEventCodec(unsealed);
    const event = offered();
    const [encoded] = await codec.only.session.encode(stream, 0, [event], null);
    if (!encoded) throw new Error('Nothing was encoded.');
    const kept = { ...recorded(encoded), data: encoded.data };
    const eventFrom = async (one: typeof kept, by = codec) => (await by.decode([one], 'stop'))[0]?.event;
    expect(await eventFrom(kept)).toBe(event);
    expect(await eventFrom(recorded(encoded))).not.toBe(event);
    expect(await eventFrom(kept, createEventCodec(unsealed))).not.toBe(event);
    expect(await eventFrom(kept, createEventCodec(unsealed))).toStrictEqual(event);
  });

  it('survive being cloned for a thread', async () => {
    const encoded = await encodeOne(offered());
    const cloned = recorded(structuredClone(encoded, { transfer: [encoded.data.buffer as ArrayBuffer] }));
    expect((await createEventCodec(unsealed).decode([cloned], 'stop'))[0]?.event).toStrictEqual(offered());
  });
});

describe('opaque candidates and text', () => {
  const roundTrip = async (event: DomainEvent) => {
    const codec = createEventCodec(unsealed);
    return (await codec.decode([recorded(await encodeOne(event))], 'stop'))[0]?.event;
  };
  /** Any 16-bit units, so lone surrogates and control characters among them. */
  const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));
  const anyKey = fc.oneof(anyText, fc.constantFrom('__proto__', 'constructor', 'toString', 'toJSON', 'then', '0'));
  const { anyOpaque } = fc.letrec<{ anyOpaque: Opaque }>((tie) => ({
    anyOpaque: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.constantFrom<Opaque>(null, true, false, 0, 0.1, -1e-300, 1e300, Number.MAX_SAFE_INTEGER),
      anyText,
      fc.array(tie('anyOpaque'), { maxLength: 4 }),
      fc.dictionary(anyKey, tie('anyOpaque'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));

  it('come back as the values that they were, whatever these are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyOpaque, { maxLength: 5 }), anyText, async (candidates, identity) => {
        const event = candidatesAdded({ candidates, identity });
        const back = await roundTrip(event);
        expect(back).toEqual(event);
        // Equality of objects may overlook `__proto__` and the order of keys; that of their texts does not.
        expect(JSON.stringify(back)).toBe(JSON.stringify(event));
      }),
      { numRuns: 500 },
    );
  });

  it('keep a key named __proto__ a key like any other', async () => {
    const candidate = JSON.parse('{"__proto__":{"polluted":true},"a":{"__proto__":null}}');
    const back = await roundTrip(candidatesAdded({ candidates: [candidate] }));
    expect(JSON.stringify(back?.type === 'CandidatesAdded' ? back.data.candidates : null)).toBe(
      JSON.stringify([candidate]),
    );
    expect(Object.hasOwn({}, 'polluted')).toBe(false);
    expect('polluted' in {}).toBe(false);
  });

  it('take any text for SDP and names', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, async (sdp, publisher) => {
        const event = offered({ sdp, publisher, tags: [sdp] });
        expect(await roundTrip(event)).toStrictEqual(event);
      }),
    );
  });
});

describe('sealing', () => {
  /** Turns every bit around. A key that ends in `gone` was destroyed, and one that is `wrong` did not seal this. */
  const turned = (data: Uint8Array) => data.map((byte) => byte ^ 0xff);
  const toySeal: PayloadSeal = {
    seal: async (stream, _firstRevision, payloads, keyId) => ({
      keyId: keyId ?? `key of ${stream}`,
      data: payloads.map(({ data }) => turned(data)),
    }),
    open: async (payloads) =>
      payloads.map(({ data, keyId }) => {
        if (keyId === 'wrong') throw new Error('It is not authentic.');
        if (keyId === null) return data;
        return keyId.endsWith('gone') ? null : turned(data);
      }),
  };
  const sealed = (type: string, data: unknown, keyId: string | null, revision: number) =>
    recorded({ type, schemaVersion: 1, data: turned(jsonBytes(JSON.stringify(data))), keyId }, revision);

  it('stores what the seal gives, and goes on with the key of the stream', async () => {
    const codec = createEventCodec(toySeal);
    const [first] = await codec.encode(stream, 0, [offered()], null);
    expect(first?.keyId).toBe(`key of ${stream}`);
    expect(first?.data).toStrictEqual(turned(jsonBytes(JSON.stringify(offered().data))));
    const [second] = await codec.encode(stream, 1, [offered()], 'the first');
    expect(second?.keyId).toBe('the first');
  });

  it('opens what another process has sealed', async () => {
    const events = await createEventCodec(toySeal).decode([sealed('OfferPublished', offered().data, 'k', 0)], 'stop');
    expect(events.map(({ event, keyId }) => ({ event, keyId }))).toStrictEqual([{ event: offered(), keyId: 'k' }]);
  });

  it('leaves out what lost its key, whoever asks, and reads on', async () => {
    const redacted = { reason: 'erasure', policy: 'p', redactedAt: 3 };
    const history = [
      sealed('OfferPublished', offered().data, 'gone', 0),
      recorded(
        { type: 'SessionRedacted', schemaVersion: 1, data: jsonBytes(JSON.stringify(redacted)), keyId: null },
        1,
      ),
    ];
    for (const unknown of ['skip', 'stop'] as const) {
      const events = await createEventCodec(toySeal).decode(history, unknown);
      expect(events.map(({ event }) => event)).toStrictEqual([{ type: 'SessionRedacted', data: redacted }]);
    }
  });

  it('names the one that is not what was sealed', async () => {
    const wrong = sealed('OfferPublished', offered().data, 'wrong', 4);
    const error = await errorOf(
      createEventCodec(toySeal).decode([sealed('OfferPublished', offered().data, 'k', 3), wrong], 'stop'),
    );
    expect(error).toBeInstanceOf(UnreadableEvent);
    expect(error.message).toContain('at position 4');
  });

  it('tells that there are no keys to be had, which is nobody’s fault', async () => {
    const away: PayloadSeal = { ...toySeal, open: () => Promise.reject(new KeysUnavailable('away')) };
    const error = await errorOf(createEventCodec(away).decode([sealed('OfferPublished', {}, 'k', 0)], 'stop'));
    expect(error).toBeInstanceOf(KeysUnavailable);
  });
});
