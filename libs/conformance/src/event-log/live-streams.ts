import type { EventLogWithLiveStreams, RecordedEvent, StreamName } from '@signalbox/event-sourcing';
import { describe, expect, it } from 'vitest';
import { accepted } from './appending.ts';
import { aStream, everything, expectSameEvents, someEvents } from './examples.ts';
import { subscribe } from './subscription.ts';
import { type MakeEventLog, openLog, START } from './under-test.ts';

export const liveStreams = (make: MakeEventLog): void => {
  describe('reading what is alive (logs with live streams)', () => {
    const openLive = async (skip: (condition: boolean, note: string) => void) => {
      const { log, clock } = await openLog(make);
      skip(!log.supports.liveStreams, 'this log says that it does not know which streams are alive');
      return { log: log as EventLogWithLiveStreams, clock };
    };

    const read = async (log: EventLogWithLiveStreams, closedSince: number) => {
      const { pages, ...rest } = await log.readLive({ closedSince });
      const events: RecordedEvent[] = [];
      for await (const page of pages) events.push(...page);
      return { ...rest, events };
    };

    const closing = (log: EventLogWithLiveStreams, stream: StreamName, expected: number | 'no_stream') =>
      log.append(stream, someEvents(1), expected, { closes: true });

    it('is empty for an empty log', async ({ skip }) => {
      const { log } = await openLive(skip);
      expect(await read(log, START)).toEqual({ position: 0, recordedAt: null, since: 1, events: [] });
    });

    it('gives live streams and those closed at or after a time, whole and in position order', async ({ skip }) => {
      const { log, clock } = await openLive(skip);
      const [live, longClosed, justClosed, closedNow, bornClosed] = Array.from({ length: 5 }, aStream) as [
        StreamName,
        StreamName,
        StreamName,
        StreamName,
        StreamName,
      ];
      for (const stream of [live, longClosed, justClosed, closedNow])
        await log.append(stream, someEvents(2), 'no_stream');
      await closing(log, bornClosed, 'no_stream');
      clock.now = START + 1_000;
      await closing(log, longClosed, 1);
      clock.now = START + 2_000;
      await closing(log, justClosed, 1);
      clock.now = START + 3_000;
      await closing(log, closedNow, 1);
      const last = accepted(await log.append(live, someEvents(1), 1));

      const all = await everything(log);
      const { events, ...rest } = await read(log, START + 2_000);

      expectSameEvents(
        events,
        all.filter((e) => [live, justClosed, closedNow].includes(e.stream)),
      );
      expect(rest).toEqual({
        position: last.position,
        recordedAt: START + 3_000,
        since: all.find((e) => e.recordedAt >= START + 2_000)?.position,
      });
    });

    it('says where a time begins: at the first event not older, past the head when there is none', async ({ skip }) => {
      const { log, clock } = await openLive(skip);
      for (const later of [0, 0, 10, 10, 20]) {
        clock.now = START + later;
        await log.append(aStream(), someEvents(1), 'no_stream');
      }
      const positions = (await everything(log)).map((e) => e.position);
      const since = async (at: number) => (await read(log, at)).since;
      expect(await since(START - 1)).toBe(positions[0]);
      expect(await since(START)).toBe(positions[0]);
      expect(await since(START + 1)).toBe(positions[2]);
      expect(await since(START + 10)).toBe(positions[2]);
      expect(await since(START + 20)).toBe(positions[4]);
      expect(await since(START + 21)).toBeGreaterThan(await log.head());
    });

    it('opens a closed stream again with an append that does not close it', async ({ skip }) => {
      const { log, clock } = await openLive(skip);
      const [opened, closedTwice] = [aStream(), aStream()];
      for (const stream of [opened, closedTwice]) await closing(log, stream, 'no_stream');
      clock.now = START + 10;
      await log.append(opened, someEvents(1), 0);
      await closing(log, closedTwice, 0);
      expectSameEvents((await read(log, START + 11)).events, await log.readStream(opened));
      expect((await read(log, START + 10)).events.map((e) => e.stream)).toEqual([
        opened,
        closedTwice,
        opened,
        closedTwice,
      ]);
    });

    it('does not close a stream with an append that was refused or is a repeat', async ({ skip }) => {
      const { log, clock } = await openLive(skip);
      const stream = aStream();
      const events = someEvents(1);
      await log.append(stream, events, 'no_stream', { closes: true });
      await log.append(stream, someEvents(1), 0);
      await log.append(stream, events, 'no_stream', { closes: true });
      await log.append(stream, someEvents(1), 0, { closes: true });
      clock.now = START + 10;
      expect((await read(log, START + 10)).events.map((e) => e.revision)).toEqual([0, 1]);
    });

    it('shows a single moment of the log, however long it is read, and a subscription goes on from there', async ({
      skip,
    }) => {
      const { log } = await openLive(skip);
      const streams = Array.from({ length: 40 }, aStream);
      for (const stream of streams) await log.append(stream, someEvents(60), 'no_stream');
      let writing = true;
      const writers = streams.slice(0, 8).map(async (stream) => {
        for (let revision = 59; writing; revision++) await log.append(stream, someEvents(1), revision);
      });

      const live = await log.readLive({ closedSince: START });
      const events: RecordedEvent[] = [];
      let pages = 0;
      for await (const page of live.pages) {
        pages++;
        events.push(...page);
      }
      const subscription = subscribe(log, live.position);
      await subscription.untilCount(50);
      writing = false;
      await Promise.all(writers);
      await subscription.untilCaughtUp();
      while (subscription.caughtUp.at(-1) !== (await log.head())) await subscription.pull();

      expect(pages).toBeGreaterThan(1);
      const seen = [...events, ...subscription.events].map((e) => e.position);
      expect(seen).toEqual((await everything(log)).map((e) => e.position));
      expect(events.at(-1)?.position).toBe(live.position);
      await subscription.stop();
    });

    it('may be left half read', async ({ skip }) => {
      const { log } = await openLive(skip);
      const stream = aStream();
      await log.append(stream, someEvents(3_000), 'no_stream');
      const { pages } = await log.readLive({ closedSince: START });
      for await (const page of pages) {
        expect(page[0]?.revision).toBe(0);
        break;
      }
      await log.readLive({ closedSince: START });
      expect(await log.append(stream, someEvents(1), 2_999)).toMatchObject({ kind: 'appended', revision: 3_000 });
    });
  });
};
