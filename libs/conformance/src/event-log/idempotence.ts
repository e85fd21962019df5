import { describe, expect, it } from 'vitest';
import { accepted } from './appending.ts';
import { anEvent, aStream, everything, expectSameEvents, someEvents } from './examples.ts';
import { type MakeEventLog, openLog } from './under-test.ts';

export const idempotence = (make: MakeEventLog): void => {
  describe('appending the same event ids again', () => {
    it('gives the first result and writes nothing, at the same expected revision', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const [first, second] = [someEvents(2), someEvents(3)];
      const results = [await log.append(stream, first, 'no_stream'), await log.append(stream, second, 1)];
      const before = await everything(log);

      expect([await log.append(stream, first, 'no_stream'), await log.append(stream, second, 1)]).toEqual(results);

      expectSameEvents(await everything(log), before);
    });

    it('gives the first result also when the stream has moved on', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const events = someEvents(2);
      const result = await log.append(stream, events, 'no_stream');
      await log.append(stream, someEvents(2), 1);
      const before = await everything(log);

      expect(await log.append(stream, events, 'no_stream')).toEqual(result);

      expectSameEvents(await everything(log), before);
    });

    it('gives the first result wherever the stream holds them, when any revision will do', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const events = someEvents(2);
      await log.append(stream, someEvents(1), 'any');
      const result = await log.append(stream, events, 'any');
      await log.append(stream, someEvents(1), 'any');
      const before = await everything(log);

      expect(await log.append(stream, events, 'any')).toEqual(result);

      expectSameEvents(await everything(log), before);
    });

    it('writes once when the first try is still under way', async () => {
      const { log } = await openLog(make);
      const [named, unnamed] = [aStream(), aStream()];
      const events = someEvents(2);
      const others = someEvents(1);

      const results = await Promise.all([
        ...[1, 2, 3].map(() => log.append(named, events, 'no_stream')),
        ...[1, 2, 3].map(() => log.append(unnamed, others, 'any')),
      ]);

      expect(new Set(results.slice(0, 3).map((result) => JSON.stringify(result))).size).toBe(1);
      expect(new Set(results.slice(3).map((result) => JSON.stringify(result))).size).toBe(1);
      expect(results.map((result) => accepted(result).revision)).toEqual([1, 1, 1, 0, 0, 0]);
      expect(await everything(log)).toHaveLength(3);
    });

    it('goes by the ids alone: what the first try recorded stays as it was', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const event = anEvent();
      const result = await log.append(stream, [event], 'no_stream');
      const before = await log.readStream(stream);
      expect(await log.append(stream, [{ ...event, type: 'Other', data: new Uint8Array(3) }], 'no_stream')).toEqual(
        result,
      );
      expectSameEvents(await log.readStream(stream), before);
    });

    it('is a conflict when old and new ids are mixed, the order is another, or the place is', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const [a, b, c] = [anEvent(), anEvent(), anEvent()];
      await log.append(stream, [a, b, c], 'no_stream');
      const before = await everything(log);
      const conflict = { kind: 'conflict', actual: 2 };

      for (const expected of ['no_stream', 'any'] as const) {
        expect(await log.append(stream, [a, anEvent()], expected)).toEqual(conflict);
        expect(await log.append(stream, [a, b, c, anEvent()], expected)).toEqual(conflict);
        expect(await log.append(stream, [b, a], expected)).toEqual(conflict);
        expect(await log.append(stream, [a, c], expected)).toEqual(conflict);
      }
      expect(await log.append(stream, [anEvent(), b], 'no_stream')).toEqual(conflict);
      expect(await log.append(stream, [a], 0)).toEqual(conflict);
      expect(await log.append(stream, [b], 'no_stream')).toEqual(conflict);

      expectSameEvents(await everything(log), before);
    });
  });
};
