import { type Change, streamName, type View } from '@signalbox/event-sourcing';
import type { SessionRow } from '@signalbox/read-models';
import { sdpOffer, t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';

const stream = streamName('session', 'one');
const other = streamName('session', 'two');

const aRow = (overrides?: Partial<SessionRow>): SessionRow => ({
  sessionId: 'one',
  state: 'open',
  publisher: 'alice',
  tags: ['chat'],
  service: { name: 'chat', version: '1.2.0' },
  sdp: sdpOffer,
  createdAt: t0,
  expiresAt: t0 + 60_000,
  answer: null,
  offererCandidates: 0,
  answererCandidates: 0,
  endedAt: null,
  ...overrides,
});

const aChange = (overrides?: Partial<Change<SessionRow, never>>): Change<SessionRow, never> => ({
  stream,
  after: -1,
  revision: 0,
  position: 3,
  recordedAt: t0,
  row: aRow(),
  out: [],
  ...overrides,
});

/** What every view promises, whatever its rows are; shown with the rows of the sessions. */
export const viewContract = (adapter: string, make: () => Promise<View<SessionRow>>) =>
  describe(`View contract: ${adapter}`, () => {
    let view: View<SessionRow>;
    beforeEach(async () => {
      view = await make();
    });

    const rowOf = async (name = stream) => (await view.read([name])).get(name)?.row;

    it('knows nothing before the first write', async () => {
      expect(await view.checkpoint()).toBe(0);
      expect([...(await view.read([stream, other]))]).toEqual([]);
    });

    it('reads nothing when it is asked for nothing', async () => {
      await view.write([aChange()], 3);
      expect([...(await view.read([]))]).toEqual([]);
    });

    it('gives back each row as it was written, with its revision', async () => {
      const two = aRow({ sessionId: 'two', service: null, endedAt: t0 + 5, state: 'withdrawn' });
      await view.write([aChange(), aChange({ stream: other, revision: 4, position: 6, row: two })], 9);
      expect(await view.read([stream, other, streamName('session', 'three')])).toEqual(
        new Map([
          [stream, { revision: 0, row: aRow() }],
          [other, { revision: 4, row: two }],
        ]),
      );
      expect(await view.checkpoint()).toBe(9);
    });

    it('replaces a row by that of a later revision', async () => {
      await view.write([aChange()], 3);
      await view.write([aChange({ after: 0, revision: 2, position: 9, row: aRow({ tags: ['games'] }) })], 9);
      expect(await view.read([stream])).toEqual(new Map([[stream, { revision: 2, row: aRow({ tags: ['games'] }) }]]));
    });

    it('skips a change of a revision that it shows already, whatever it was made from, and has nothing made again', async () => {
      await view.write([aChange({ revision: 2, position: 9 })], 9);
      const late = aRow({ tags: ['late'] });
      expect(await view.write([aChange({ after: -1, revision: 2, position: 12, row: late })], 12)).toEqual([]);
      expect(await view.write([aChange({ after: 1, revision: 2, position: 13, row: late })], 13)).toEqual([]);
      expect(await view.write([aChange({ after: 2, revision: 2, position: 14, row: late })], 14)).toEqual([]);
      expect(await view.write([aChange({ after: 0, revision: 1, position: 15, row: undefined })], 15)).toEqual([]);
      expect(await view.read([stream])).toEqual(new Map([[stream, { revision: 2, row: aRow() }]]));
      expect(await view.checkpoint()).toBe(15);
    });

    it('does not take a change that was made from an older row, and names its stream', async () => {
      expect(await view.write([aChange()], 3)).toEqual([]);
      expect(
        await view.write([aChange({ after: 0, revision: 1, position: 6, row: aRow({ tags: ['a'] }) })], 6),
      ).toEqual([]);
      const rival = aChange({ after: 0, revision: 2, position: 9, row: aRow({ tags: ['rival'] }) });
      expect(await view.write([rival], 9)).toEqual([stream]);
      expect(await view.write([{ ...rival, after: -1 }], 9)).toEqual([stream]);
      expect(await view.read([stream])).toEqual(new Map([[stream, { revision: 1, row: aRow({ tags: ['a'] }) }]]));
      expect(await view.checkpoint()).toBe(6);
      expect(await view.write([{ ...rival, after: 1 }], 9)).toEqual([]);
      expect(await view.read([stream])).toEqual(new Map([[stream, { revision: 2, row: aRow({ tags: ['rival'] }) }]]));
      expect(await view.checkpoint()).toBe(9);
    });

    it('takes the other changes of a batch, and keeps its checkpoint until the whole batch is taken', async () => {
      const third = streamName('session', 'three');
      await view.write([aChange(), aChange({ stream: other, position: 6 })], 6);
      const first = aChange({ after: 0, revision: 1, position: 9, row: aRow({ tags: ['a'] }) });
      const stale = aChange({ stream: other, after: -1, revision: 2, position: 12 });
      const last = aChange({ stream: third, position: 15, row: aRow({ sessionId: 'three' }) });
      expect(await view.write([first, stale, last], 15)).toEqual([other]);
      expect(await view.read([stream, other, third])).toEqual(
        new Map([
          [stream, { revision: 1, row: aRow({ tags: ['a'] }) }],
          [other, { revision: 0, row: aRow() }],
          [third, { revision: 0, row: aRow({ sessionId: 'three' }) }],
        ]),
      );
      expect(await view.checkpoint()).toBe(6);
      expect(await view.write([{ ...stale, after: 0, row: aRow({ tags: ['b'] }) }], 15)).toEqual([]);
      expect(await view.read([other])).toEqual(new Map([[other, { revision: 2, row: aRow({ tags: ['b'] }) }]]));
      expect(await view.checkpoint()).toBe(15);
    });

    it('names every stream whose row was another', async () => {
      await view.write([aChange(), aChange({ stream: other, position: 6 })], 6);
      const batch = [stream, other].map((one, i) => aChange({ stream: one, revision: 1, position: 9 + i }));
      expect(new Set(await view.write(batch, 12))).toEqual(new Set([stream, other]));
      expect(await view.checkpoint()).toBe(6);
    });

    it('does not take a change that was made before the row was removed', async () => {
      await view.write([aChange()], 3);
      await view.write([aChange({ after: 0, revision: 1, position: 6, row: undefined })], 6);
      expect(await view.write([aChange({ after: 0, revision: 2, position: 9 })], 9)).toEqual([stream]);
      expect(await rowOf()).toBeUndefined();
      expect(await view.checkpoint()).toBe(6);
      expect((await view.read([stream])).get(stream)).toEqual({ revision: 1, row: undefined });
      expect(await view.write([aChange({ after: 1, revision: 2, position: 9, row: undefined })], 9)).toEqual([]);
      expect(await view.checkpoint()).toBe(9);
    });

    it('is not changed by the same batch again', async () => {
      const batch = [aChange({ revision: 1, position: 6 }), aChange({ stream: other, position: 9 })];
      expect(await view.write(batch, 9)).toEqual([]);
      expect(await view.write(batch, 9)).toEqual([]);
      expect(await view.read([stream, other])).toEqual(
        new Map([
          [stream, { revision: 1, row: aRow() }],
          [other, { revision: 0, row: aRow() }],
        ]),
      );
      expect(await view.checkpoint()).toBe(9);
    });

    it('shows no row that the projection removed', async () => {
      await view.write([aChange()], 3);
      await view.write([aChange({ after: 0, revision: 1, position: 6, row: undefined })], 6);
      expect(await rowOf()).toBeUndefined();
    });

    it('does not bring a removed row back when its first event is delivered again', async () => {
      await view.write([aChange()], 3);
      await view.write([aChange({ after: 0, revision: 1, position: 6, row: undefined })], 6);
      expect(await view.write([aChange()], 3)).toEqual([]);
      expect(await rowOf()).toBeUndefined();
      expect(await view.checkpoint()).toBe(6);
    });

    it('moves its checkpoint on without a change, and never back', async () => {
      expect(await view.write([], 12)).toEqual([]);
      expect(await view.checkpoint()).toBe(12);
      expect(await view.write([], 9)).toEqual([]);
      expect(await view.checkpoint()).toBe(12);
    });
  });
