import { streamName } from '@signalbox/event-sourcing';
import { unsealed } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createCodec } from '../src/codec.ts';
import { eventSchema } from '../src/event-schema.ts';
import { jsonBytes, recorded } from './recorded.ts';

/** An event of these tests only, with a past: `peer` became `answerer`, then the time was stored as well. */
const v1 = z.strictObject({ peer: z.string() });
const v2 = z.strictObject({ answerer: z.string().min(1) });
const v3 = z.strictObject({ answerer: z.string().min(1), answeredAt: z.int().nullable() });
const Greeted = eventSchema('Greeted', v1)
  .upcast(v2, ({ peer }) => ({ answerer: peer }))
  .upcast(v3, ({ answerer }) => ({ answerer, answeredAt: null }));

const codec = createCodec([Greeted], unsealed);
const read = async (schemaVersion: number, json: string) => {
  const stored = recorded({ type: 'Greeted', schemaVersion, data: jsonBytes(json), keyId: null });
  return (await codec.decode([stored], 'stop'))[0]?.event;
};

describe('an event with older versions', () => {
  it('is read in the newest shape, whichever version was stored', async () => {
    const never = { type: 'Greeted', data: { answerer: 'bob', answeredAt: null } };
    expect(await read(1, '{"peer":"bob"}')).toStrictEqual(never);
    expect(await read(2, '{"answerer":"bob"}')).toStrictEqual(never);
    const then = { type: 'Greeted', data: { answerer: 'bob', answeredAt: 5 } };
    expect(await read(3, '{"answerer":"bob","answeredAt":5}')).toStrictEqual(then);
  });

  it('is written in the newest version', async () => {
    const event = { type: 'Greeted', data: { answerer: 'bob', answeredAt: 5 } } as const;
    const data = jsonBytes('{"answerer":"bob","answeredAt":5}');
    expect(await codec.encode(streamName('session', 's'), 0, [event], null)).toStrictEqual([
      { type: 'Greeted', schemaVersion: 3, data, keyId: null },
    ]);
  });

  it('must fit the version that it says it has', async () => {
    await expect(read(1, '{"answerer":"bob"}')).rejects.toMatchObject({ code: 'UNREADABLE_EVENT' });
    await expect(read(3, '{"peer":"bob"}')).rejects.toMatchObject({ code: 'UNREADABLE_EVENT' });
    await expect(read(4, '{"answerer":"bob","answeredAt":5}')).rejects.toMatchObject({ code: 'UNREADABLE_EVENT' });
  });

  it('must fit every version on the way to the newest', async () =>
    expect(read(1, '{"peer":""}')).rejects.toMatchObject({ code: 'UNREADABLE_EVENT' }));
});
