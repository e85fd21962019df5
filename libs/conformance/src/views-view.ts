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
  revision: 0,
  position: 3,
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
      await view.write([aChange({ revision: 2, position: 9, row: aRow({ tags: ['games'] }) })], 9);
      expect(await view.read([stream])).toEqual(new Map([[stream, { revision: 2, row: aRow({ tags: ['games'] }) }]]));
    });

    it('skips a change of a revision that it shows already', async () => {
      await view.write([aChange({ revision: 2, position: 9 })], 9);
      const late = aRow({ tags: ['late'] });
      await view.write([aChange({ revision: 2, position: 12, row: late })], 12);
      await view.write([aChange({ revision: 1, position: 15, row: undefined })], 15);
      expect(await view.read([stream])).toEqual(new Map([[stream, { revision: 2, row: aRow() }]]));
      expect(await view.checkpoint()).toBe(15);
    });

    it('is not changed by the same batch again', async () => {
      const batch = [aChange({ revision: 1, position: 6 }), aChange({ stream: other, position: 9 })];
      await view.write(batch, 9);
      await view.write(batch, 9);
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
      await view.write([aChange({ revision: 1, position: 6, row: undefined })], 6);
      expect(await rowOf()).toBeUndefined();
    });

    it('does not bring a removed row back when its first event is delivered again', async () => {
      await view.write([aChange()], 3);
      await view.write([aChange({ revision: 1, position: 6, row: undefined })], 6);
      await view.write([aChange()], 3);
      expect(await rowOf()).toBeUndefined();
      expect(await view.checkpoint()).toBe(6);
    });

    it('moves its checkpoint on without a change, and never back', async () => {
      await view.write([], 12);
      expect(await view.checkpoint()).toBe(12);
      await view.write([], 9);
      expect(await view.checkpoint()).toBe(12);
    });
  });
