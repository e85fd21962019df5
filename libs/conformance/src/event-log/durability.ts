import { describe, expect, it, onTestFinished } from 'vitest';
import { anEvent, aStream, everything, expectSameEvents, fullMetadata, someEvents } from './examples.ts';
import { subscribe } from './subscription.ts';
import { type MakeEventLog, openLog } from './under-test.ts';

export const durability = (make: MakeEventLog): void => {
  describe('opening the log again (durable logs)', () => {
    const reopened = async (skip: (condition: boolean, note: string) => void) => {
      const { log, clock, underTest } = await openLog(make);
      skip(!log.supports.durable, 'this log says that it is not durable');
      return {
        log,
        clock,
        reopen: async () => {
          await log.close();
          const again = await underTest.reopen?.();
          if (!again) throw new Error('A durable log needs `reopen`.');
          onTestFinished(() => again.close());
          return again;
        },
      };
    };

    it('finds the same log: id, events, head, and goes on where it ended', async ({ skip }) => {
      const { log, reopen } = await reopened(skip);
      const stream = aStream();
      const events = [
        anEvent({ data: new Uint8Array([0, 255]) }),
        anEvent({ keyId: null, metadata: { ...fullMetadata, authorisation: null }, hash: null, previousHash: null }),
      ];
      const result = await log.append(stream, events, 'no_stream');
      await Promise.all(Array.from({ length: 50 }, () => log.append(aStream(), someEvents(2), 'any')));
      const before = await everything(log);
      const head = await log.head();

      const again = await reopen();

      expect(again.id).toBe(log.id);
      expect(await again.head()).toBe(head);
      expectSameEvents(await everything(again), before);
      expect(await again.append(stream, events, 'no_stream')).toEqual(result);
      expect(await again.append(stream, someEvents(1), 0)).toEqual({ kind: 'conflict', actual: 1 });
      const next = await again.append(stream, someEvents(1), 1);
      expect(next).toMatchObject({ kind: 'appended', revision: 2 });
      expect(await again.head()).toBeGreaterThan(head);
      const subscription = subscribe(again, head);
      await subscription.untilCaughtUp();
      expectSameEvents(subscription.events, await again.readStream(stream, { from: 2 }));
      await subscription.stop();
    });

    it('finds what was accepted just before it was closed', async ({ skip }) => {
      const { log, reopen } = await reopened(skip);
      const appends = Array.from({ length: 100 }, () => log.append(aStream(), someEvents(1), 'no_stream'));
      const again = await reopen();
      const results = await Promise.all(appends);
      expect(new Set(results.map((result) => result.kind))).toEqual(new Set(['appended']));
      expect(await everything(again)).toHaveLength(100);
    });

    it('never records an earlier time than before, even when the clock was set back meanwhile', async ({ skip }) => {
      const { log, clock, reopen } = await reopened(skip);
      await log.append(aStream(), someEvents(1), 'any');
      clock.now -= 60_000;
      const again = await reopen();
      await again.append(aStream(), someEvents(1), 'any');
      const times = (await everything(again)).map((e) => e.recordedAt);
      expect(times).toHaveLength(2);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    });
  });
};
