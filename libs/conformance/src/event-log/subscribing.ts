import { describe, expect, it } from 'vitest';
import { append, appendMany, aStream, everything, expectSameEvents, someEvents } from './examples.ts';
import { subscribe } from './subscription.ts';
import { type MakeEventLog, openLog } from './under-test.ts';

export const subscribing = (make: MakeEventLog): void => {
  describe('subscribing', () => {
    it('says at once that the tail is reached, when the log is empty', async () => {
      const { log } = await openLog(make);
      const subscription = subscribe(log);
      await subscription.untilCaughtUp();
      expect(subscription.caughtUp).toEqual([0]);
      expect(subscription.events).toEqual([]);
      await subscription.stop();
    });

    it('delivers everything that is there, then says that the tail is reached', async () => {
      const { log } = await openLog(make);
      const all = await appendMany(log, 1_500);
      const subscription = subscribe(log);
      await subscription.untilCaughtUp();
      expectSameEvents(subscription.events, all);
      expect(subscription.caughtUp).toEqual([await log.head()]);
      await subscription.stop();
    });

    it('begins strictly after the given position', async () => {
      const { log } = await openLog(make);
      const all = await appendMany(log, 10);
      const middle = subscribe(log, all[3]?.position);
      await middle.untilCaughtUp();
      expectSameEvents(middle.events, all.slice(4));
      await middle.stop();

      const end = subscribe(log, all.at(-1)?.position);
      await end.untilCaughtUp();
      expect(end.events).toEqual([]);
      expect(end.caughtUp).toEqual([all.at(-1)?.position]);
      const next = await append(log, aStream());
      await end.untilCount(1);
      expectSameEvents(end.events, [next]);
      await end.stop();
    });

    it('delivers what is appended later, every field of it', async () => {
      const { log } = await openLog(make);
      const subscription = subscribe(log);
      await subscription.untilCaughtUp();
      const appended = [];
      for (let i = 0; i < 5; i++) appended.push(await append(log, aStream(), { keyId: i === 2 ? null : `key-${i}` }));
      await subscription.untilCount(5);
      expectSameEvents(subscription.events, appended);
      await subscription.stop();
    });

    it('says so again when it has fallen behind and caught up', async () => {
      const { log } = await openLog(make);
      const subscription = subscribe(log);
      await subscription.untilCaughtUp();
      const first = await appendMany(log, 3);
      await subscription.untilCount(3);
      await subscription.untilCaughtUp();
      expectSameEvents(subscription.events, first);
      expect(subscription.caughtUp.at(-1)).toBe(await log.head());
      await subscription.stop();
    });

    it('does not deliver what was refused', async () => {
      const { log } = await openLog(make);
      const [taken, stream] = [aStream(), aStream()];
      const repeated = someEvents(1);
      await log.append(taken, repeated, 'no_stream');
      const subscription = subscribe(log, await log.head());
      await subscription.untilCaughtUp();
      await Promise.all([
        log.append(taken, someEvents(2), 'no_stream'),
        log.append(taken, repeated, 'no_stream'),
        log.append(stream, someEvents(1), 'no_stream'),
      ]);
      await subscription.untilCount(1);
      expectSameEvents(subscription.events, await log.readStream(stream));
      await subscription.stop();
    });

    it('gives every one of several subscribers everything, whenever each began', async () => {
      const { log } = await openLog(make);
      await appendMany(log, 20);
      const early = subscribe(log);
      await early.untilCaughtUp();
      const writing = Promise.all(Array.from({ length: 50 }, () => log.append(aStream(), someEvents(2), 'any')));
      const late = subscribe(log);
      await Promise.all([early.untilCount(120), late.untilCount(120), writing]);
      const all = await everything(log);
      expectSameEvents(early.events, all);
      expectSameEvents(late.events, all);
      await Promise.all([early.stop(), late.stop()]);
    });

    it('misses and repeats nothing while it goes over from the past to the present', async () => {
      const { log } = await openLog(make);
      await appendMany(log, 500);
      let appended = 500;
      const writers = Array.from({ length: 8 }, async () => {
        const stream = aStream();
        for (let i = 0; i < 40; i++) {
          await log.append(stream, someEvents(1), i === 0 ? 'no_stream' : i - 1);
          appended++;
        }
      });
      const subscriptions = Array.from({ length: 10 }, () => subscribe(log));
      await Promise.all([...writers, ...subscriptions.map((s) => s.untilCount(500 + 8 * 40))]);
      expect(appended).toBe(820);
      const all = await everything(log);
      for (const subscription of subscriptions) {
        expect(subscription.events.map((e) => e.position)).toEqual(all.map((e) => e.position));
        await subscription.stop();
      }
    });

    it('ends without an error when it is aborted while it waits at the tail', async () => {
      const { log } = await openLog(make);
      const subscription = subscribe(log);
      await subscription.untilCaughtUp();
      const waiting = subscription.pull();
      subscription.abort();
      expect(await waiting).toBe(false);
      await subscription.stop();
    });

    it('ends without an error when it is aborted while it catches up', async () => {
      const { log } = await openLog(make);
      await appendMany(log, 2_500);
      const subscription = subscribe(log);
      expect(await subscription.pull()).toBe(true);
      await subscription.stop();
      expect(subscription.events.length).toBeLessThan(2_500);
    });

    it('delivers nothing when it was aborted before it began', async () => {
      const { log } = await openLog(make);
      await appendMany(log, 3);
      const subscription = subscribe(log);
      subscription.abort();
      expect(await subscription.pull()).toBe(false);
      await subscription.stop();
    });

    it('ends when its reader leaves the loop, and lets the others go on', async () => {
      const { log } = await openLog(make);
      await appendMany(log, 3);
      const other = subscribe(log);
      const { signal } = new AbortController();
      for await (const delivery of log.subscribeAll(0, { signal })) if (delivery.kind === 'caught_up') break;
      await append(log, aStream());
      await other.untilCount(4);
      await other.stop();
    });

    it('ends when the log is closed', async () => {
      const { log } = await openLog(make);
      const subscription = subscribe(log);
      await subscription.untilCaughtUp();
      const waiting = subscription.pull();
      await log.close();
      expect(await waiting).toBe(false);
    });
  });
};
