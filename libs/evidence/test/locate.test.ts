import { type RecordedEvent, streamName } from '@signalbox/event-sourcing';
import { t0 } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { createLocator, hashLeaf, hashOfRecorded, leafData, memoryTileStore, tilesWith } from '../src/index.ts';

const EVENTS = 5_000;
/** Logs of which not every position is one that an event has. */
const positionOf = (index: number) => 7 + 13 * index;
/** Now and then many in one millisecond, now and then nothing for long. */
const timeOf = (index: number) => t0 + Math.floor(index / 7) * 900 + (index > 3_000 ? 3_600_000 : 0);

const idOf = (index: number, version: 7 | 8, madeAt = timeOf(index) - 20) => {
  const time = madeAt.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}000-8000-${index.toString(16).padStart(12, '0')}`;
};

/** The log of which the first `covered` have leaves, and what was read of it. */
const aLog = async (covered: number) => {
  const events = Array.from(
    { length: EVENTS },
    (_, index): RecordedEvent => ({
      ...{ id: idOf(index, index % 5 === 0 ? 8 : 7), type: 'ThingHappened', schemaVersion: 1, data: Buffer.from('{}') },
      ...{ stream: streamName('session', 'one'), revision: index, keyId: null, hash: null, previousHash: null },
      ...{ position: positionOf(index), recordedAt: timeOf(index) },
      metadata: { actor: 'a', correlationId: 'c', causationId: 'd', trace: null, authorisation: null },
    }),
  );
  const tiles = memoryTileStore();
  const leaves = events
    .slice(0, covered)
    .map((event) => ({ hash: hashLeaf(leafData(event, hashOfRecorded(event))), position: event.position }));
  await tiles.write(0, await tilesWith(tiles, 0, leaves), covered);
  const read = { events: 0 };
  const locator = createLocator({
    tiles,
    log: {
      readAll: async (after, limit) => {
        if (after !== 0 && (after - 7) % 13 !== 0) throw new Error(`No event is at ${after}.`);
        const page = events.filter(({ position }) => position > after).slice(0, limit);
        read.events += page.length;
        return page;
      },
    },
  });
  return { events, locator, read };
};

describe('places in a log that has no index', () => {
  it.each([EVENTS, EVENTS - 40, 0])(
    'are found by time to the millisecond, with tiles of %i events',
    async (covered) => {
      const { events, locator } = await aLog(covered);
      for (const index of [0, 1, 6, 7, 3_000, 3_001, EVENTS - 30, EVENTS - 1]) {
        for (const time of [timeOf(index) - 1, timeOf(index), timeOf(index) + 1]) {
          const last = events.findLast(({ recordedAt }) => recordedAt <= time)?.position ?? 0;
          expect([index, time, await locator.positionAt(time)]).toEqual([index, time, last]);
        }
      }
    },
  );

  it('are found by an id that tells its time, without reading the log for it', async () => {
    const { events, locator, read } = await aLog(EVENTS - 40);
    for (const index of [1, 2_222, 3_001, EVENTS - 41, EVENTS - 1]) {
      read.events = 0;
      expect(await locator.find(idOf(index, 7))).toBe(events[index]);
      expect(read.events).toBeLessThan(1_100);
    }
    read.events = 0;
    expect(await locator.find(idOf(1, 7, t0 + 200_000))).toBeUndefined();
    expect(read.events).toBeLessThan(2_100);
  });

  it('are found by the position where the id tells nothing, and only if that is the event', async () => {
    const { events, locator, read } = await aLog(EVENTS);
    expect(await locator.find(idOf(2_220, 8))).toBeUndefined();
    expect(read.events).toBe(0);
    expect(await locator.find(idOf(2_220, 8), positionOf(2_220))).toBe(events[2_220]);
    expect(await locator.find(idOf(0, 8), positionOf(0))).toBe(events[0]);
    expect(read.events).toBe(2);
    for (const position of [positionOf(2_221), positionOf(2_220) + 1, -1, 1e12]) {
      expect(await locator.find(idOf(2_220, 8), position)).toBeUndefined();
    }
  });
});
