import { answered, offered, scanningHistory, seededChance, t0 } from '@signalbox/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLogPages, type EventFilter, type EventsPage } from '../src/index.ts';
import { aLog, type Rig } from './rig.ts';

const EVENTS = 2_500;
const any: EventFilter = { type: null, trace: null, stream: null, from: null, to: null };
const traceOf = (i: number) => i.toString(16).padStart(32, '0');

let rig: Rig;

beforeAll(async () => {
  rig = aLog();
  for (let i = 0; i < EVENTS / 2; i++) {
    rig.time.now = t0 + Math.floor(i / 3);
    const trace = `00-${traceOf(i % 100)}-b7ad6b7169203331-01`;
    await rig.session(`s${i}`, [offered(), answered()], { trace });
  }
});

const pagesOf = () => createLogPages({ log: rig.log, history: scanningHistory(rig.log) });

const filters: readonly (readonly [string, EventFilter])[] = [
  ['nothing', any],
  ['a type', { ...any, type: 'OfferAnswered' }],
  ['a trace', { ...any, trace: traceOf(42) }],
  ['a stream', { ...any, stream: 'session-s77' }],
  ['a time', { ...any, from: t0 + 100, to: t0 + 200 }],
  ['everything at once', { type: 'OfferPublished', trace: traceOf(7), stream: null, from: t0 + 50, to: t0 + 300 }],
  ['what never was', { ...any, type: 'Nothing' }],
];

const matching = async ({ type, trace, stream, from, to }: EventFilter) =>
  (await rig.log.readAll(0, 10_000))
    .filter((event) => type === null || event.type === type)
    .filter((event) => trace === null || event.metadata.trace?.includes(trace))
    .filter((event) => stream === null || event.stream === stream)
    .filter((event) => event.recordedAt >= (from ?? 0) && event.recordedAt < (to ?? Number.POSITIVE_INFINITY))
    .map(({ position }) => position);

describe('pages of the log', () => {
  it.each(filters)('hold each event once, oldest or newest first, asked for %s', async (_, filter) => {
    const wanted = await matching(filter);
    const pages = pagesOf();
    const chance = seededChance(5);
    for (const order of ['oldestFirst', 'newestFirst'] as const) {
      const found: number[] = [];
      let next: number | null = null;
      do {
        const page: EventsPage = await pages[order](filter, next, 1 + Math.floor(chance.fraction() * 300));
        found.push(...page.events.map(({ position }) => position));
        next = page.next;
      } while (next !== null);
      expect(found).toEqual(order === 'oldestFirst' ? wanted : wanted.toReversed());
    }
    const all: number[] = [];
    for await (const page of pages.all(filter, null, new AbortController().signal)) {
      all.push(...page.map(({ position }) => position));
    }
    expect(all).toEqual(wanted);
  });

  it('go on where the last one ended, once there is more', async () => {
    const own = aLog();
    await own.session('s1', [offered()]);
    const pages = createLogPages({ log: own.log, history: scanningHistory(own.log) });
    const first = await pages.oldestFirst(any, null, 10);
    expect(first).toMatchObject({ next: null, upTo: 1, events: [{ position: 1 }] });
    await own.session('s2', [offered()]);
    expect(await pages.oldestFirst(any, first.upTo, 10)).toMatchObject({ upTo: 2, events: [{ position: 2 }] });
    const newest = await pages.newestFirst(any, null, 10);
    expect(newest).toMatchObject({ upTo: 2, events: [{ position: 2 }, { position: 1 }] });
  });
});

describe('the history of a log that has nothing quicker', () => {
  it('finds times, events and what came before, in whatever order it is asked', async () => {
    const history = scanningHistory(rig.log);
    const all = await rig.log.readAll(0, 10_000);
    const chance = seededChance(9);
    for (let round = 0; round < 60; round++) {
      const one = all[Math.floor(chance.fraction() * all.length)];
      if (!one) continue;
      const last = all.findLast(({ recordedAt }) => recordedAt <= one.recordedAt);
      expect(await history.positionAt(one.recordedAt)).toBe(last?.position);
      expect(await history.readBack(one.position, 1_500)).toEqual(
        all
          .slice(0, one.position - 1)
          .reverse()
          .slice(0, 1_500),
      );
    }
    expect(await history.positionAt(t0 - 1)).toBe(0);
    expect(await history.find(all[2_100]?.id ?? '')).toEqual(all[2_100]);
    expect(await history.find('nothing')).toBeUndefined();
    expect(await history.readBack(Number.POSITIVE_INFINITY, 2)).toEqual(all.slice(-2).reverse());
  });
});

describe('pages of large events', () => {
  it('end when they hold so many bytes, in both directions, and lose nothing', async () => {
    const own = aLog();
    for (let i = 0; i < 12; i++) await own.session(`s${i}`, [offered({ sdp: 'x'.repeat(1 << 20) })]);
    // A log that ends its own pages early, too.
    const whole = scanningHistory(own.log);
    const history = {
      ...whole,
      readBack: (before: number, limit: number) => whole.readBack(before, Math.min(limit, 2)),
    };
    const pages = createLogPages({ log: own.log, history });
    for (const [direction, expected] of [
      ['oldestFirst', Array.from({ length: 12 }, (_, i) => i + 1)],
      ['newestFirst', Array.from({ length: 12 }, (_, i) => 12 - i)],
    ] as const) {
      const got: number[] = [];
      let count = 0;
      for (let next: number | null = null; ; count++) {
        const page: EventsPage = await pages[direction](any, next, 100);
        expect(page.events.length).toBeLessThan(5);
        got.push(...page.events.map(({ position }) => position));
        if (page.next === null) break;
        next = page.next;
      }
      expect([direction, got]).toEqual([direction, expected]);
      expect(count).toBeGreaterThanOrEqual(3);
    }
  });
});
