import { bindProjection, type Change, type Decoded, type Projection, streamName } from '@signalbox/event-sourcing';
import { metadata } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { memoryRows, type Taken } from '../src/rows.ts';

type Row = { readonly text: string };

const stream = streamName('note', 'one');
const aChange = (overrides?: Partial<Change<Row, string>>): Change<Row, string> => ({
  stream,
  after: -1,
  revision: 0,
  position: 5,
  recordedAt: 0,
  row: { text: 'first' },
  out: [],
  ...overrides,
});

const setUp = () => {
  const taken: { readonly taken: readonly Taken<Row, string>[]; readonly before: number }[] = [];
  return { taken, rows: memoryRows<Row, string>((one, before) => taken.push({ taken: one, before })) };
};

describe('rows in memory', () => {
  it('tells what each write changed, what was there before, and the checkpoint from before', async () => {
    const { rows, taken } = setUp();
    const first = aChange();
    const second = aChange({ after: 0, revision: 1, position: 9, row: { text: 'second' } });
    const removed = aChange({ after: 1, revision: 2, position: 12, row: undefined, out: ['gone'] });
    await rows.write([first], 7);
    await rows.write([second], 9);
    await rows.write([removed], 12);
    expect(taken).toEqual([
      { taken: [{ before: undefined, change: first }], before: 0 },
      { taken: [{ before: { text: 'first' }, change: second }], before: 7 },
      { taken: [{ before: { text: 'second' }, change: removed }], before: 9 },
    ]);
    expect(rows.position).toBe(12);
  });

  it('tells only of the changes that it took, and keeps the checkpoint for what has to be made again', async () => {
    const { rows, taken } = setUp();
    const other = streamName('note', 'two');
    await rows.write([aChange()], 5);
    const stale = aChange({ revision: 1, position: 8 });
    const fresh = aChange({ stream: other, position: 9 });
    expect(await rows.write([stale, fresh], 9)).toEqual([stream]);
    expect(taken.at(-1)).toEqual({ taken: [{ before: undefined, change: fresh }], before: 5 });
    expect(rows.position).toBe(5);
    const again = { ...stale, after: 0 };
    expect(await rows.write([again], 9)).toEqual([]);
    expect(taken.at(-1)).toEqual({ taken: [{ before: { text: 'first' }, change: again }], before: 5 });
    expect(rows.position).toBe(9);
  });

  it('gives a row by its stream, and none once it is removed or forgotten', async () => {
    const { rows } = setUp();
    const other = streamName('note', 'two');
    await rows.write([aChange(), aChange({ stream: other, position: 6 })], 6);
    expect(rows.get(stream)).toEqual({ text: 'first' });
    rows.forget(other);
    expect(rows.get(other)).toBeUndefined();
    expect([...(await rows.read([other]))]).toEqual([]);
    await rows.write([aChange({ after: 0, revision: 1, position: 9, row: undefined })], 9);
    expect(rows.get(stream)).toBeUndefined();
  });

  it('skips what is at or below the checkpoint, even where the row has been forgotten', async () => {
    const { rows, taken } = setUp();
    await rows.write([aChange()], 5);
    rows.forget(stream);
    await rows.write([aChange(), aChange({ stream: streamName('note', 'two'), position: 4 })], 5);
    expect(taken.at(-1)).toEqual({ taken: [], before: 5 });
    expect(rows.get(stream)).toBeUndefined();
    expect(rows.get(streamName('note', 'two'))).toBeUndefined();
  });

  it('remembers the revision of a removed row for a while, so that its later events follow without a gap', async () => {
    const { rows } = setUp();
    await rows.write([aChange()], 5);
    await rows.write([aChange({ after: 0, revision: 3, position: 9, row: undefined })], 9);
    expect(await rows.read([stream])).toEqual(new Map([[stream, { revision: 3, row: undefined }]]));
    let refetched = 0;
    const projection: Projection<{ readonly type: 'Noted' }, Row, string> = {
      name: 'notes@1',
      category: 'note',
      on: { Noted: (row) => ({ row }) },
    };
    const bound = bindProjection(projection, rows, async () => {
      refetched++;
      return [];
    });
    const event: Decoded<{ readonly type: 'Noted' }> = {
      id: 'e',
      ...{ stream, revision: 4, position: 12, recordedAt: 0, event: { type: 'Noted' } },
      metadata: metadata(),
      ...{ keyId: null, hash: null, previousHash: null },
    };
    await bound.apply([event], 12);
    expect(refetched).toBe(0);
    expect(await rows.read([stream])).toEqual(new Map([[stream, { revision: 4, row: undefined }]]));
  });

  it('remembers a bounded number of removed rows, the latest ones', async () => {
    const { rows } = setUp();
    const streams = Array.from({ length: 20_000 }, (_, i) => streamName('note', `${i}`));
    for (const [i, one] of streams.entries())
      await rows.write([aChange({ stream: one, position: i + 1, row: undefined })], i + 1);
    const known = await rows.read(streams);
    expect(known.size).toBeGreaterThanOrEqual(8_192);
    expect(known.size).toBeLessThanOrEqual(2 * 8_192 + 1);
    expect([...known.keys()]).toEqual(streams.slice(-known.size));
  });
});
