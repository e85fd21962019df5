import { describe, expect, it } from 'vitest';
import { append, appendMany, aStream, expectSameEvents } from './examples.ts';
import { type MakeEventLog, openLog } from './under-test.ts';

export const reading = (make: MakeEventLog): void => {
  describe('reading a stream', () => {
    it('yields its events in revision order from a revision on, and nothing of other streams', async () => {
      const { log } = await openLog(make);
      const [stream, other] = [aStream(), aStream()];
      const events = [];
      for (let i = 0; i < 4; i++) {
        events.push(await append(log, stream));
        await append(log, other);
      }
      expectSameEvents(await log.readStream(stream), events);
      expectSameEvents(await log.readStream(stream, {}), events);
      expectSameEvents(await log.readStream(stream, { from: 0 }), events);
      expectSameEvents(await log.readStream(stream, { from: 2 }), events.slice(2));
    });

    it('yields nothing past its end, and nothing of an absent stream', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      await append(log, stream);
      expect(await log.readStream(stream, { from: 1 })).toEqual([]);
      expect(await log.readStream(aStream())).toEqual([]);
    });

    it('does not take one name for another that starts with it', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const longer = `${stream}0` as typeof stream;
      const event = await append(log, longer);
      expect(await log.readStream(stream)).toEqual([]);
      expectSameEvents(await log.readStream(longer), [event]);
    });

    it('sees what has just been appended', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      for (let count = 1; count <= 20; count++) {
        await append(log, stream);
        expect(await log.readStream(stream)).toHaveLength(count);
      }
    });
  });

  describe('reading the whole log', () => {
    it('gives pages in position order, strictly after a position, full as long as there is more', async () => {
      const { log } = await openLog(make);
      const all = await appendMany(log, 25);
      const first = await log.readAll(0, 10);
      const second = await log.readAll(first.at(-1)?.position ?? -1, 10);
      const third = await log.readAll(second.at(-1)?.position ?? -1, 10);
      expect([first.length, second.length, third.length]).toEqual([10, 10, 5]);
      expectSameEvents([...first, ...second, ...third], all);
      expect(await log.readAll(third.at(-1)?.position ?? -1, 10)).toEqual([]);
    });

    it('has its head at the last event, and at 0 when it is empty', async () => {
      const { log } = await openLog(make);
      expect(await log.head()).toBe(0);
      expect(await log.readAll(0, 10)).toEqual([]);
      const event = await append(log, aStream());
      expect(await log.head()).toBe(event.position);
      const later = await append(log, aStream());
      expect(await log.head()).toBe(later.position);
    });
  });
};
