import { describe, expect, it } from 'vitest';
import { aDirectory, anEvent, aStream, NOW, openAt } from './fixtures.ts';

describe('finding places in the log', () => {
  it('knows the last position of a time, also of times shared by many events', async () => {
    let now = NOW;
    const log = await openAt(aDirectory(), () => now);
    expect(await log.positionAt(NOW)).toBe(0);
    const ends: number[] = [];
    for (let i = 0; i < 50; i++) {
      now += i % 3 === 0 ? 10 : 0;
      const appended = await log.append(aStream(), [anEvent(), anEvent()], 'no_stream');
      if (appended.kind === 'appended') ends[now - NOW] = appended.position;
    }
    let known = 0;
    for (let time = NOW - 5; time < now + 5; time++) {
      known = ends[time - NOW] ?? known;
      expect(await log.positionAt(time)).toBe(known);
    }
    expect(await log.positionAt(Number.MAX_SAFE_INTEGER - 1)).toBe(await log.head());
  });

  it('finds an event by its id, and reads back from any position', async () => {
    const log = await openAt(aDirectory());
    const events = Array.from({ length: 25 }, () => anEvent());
    for (const event of events) await log.append(aStream(), [event], 'no_stream');
    const all = await log.readAll(0, 100);
    for (const event of all) expect(await log.find(event.id)).toEqual(event);
    expect(await log.find('ffffffff-0000-7000-8000-000000000000')).toBeUndefined();
    expect(await log.find('no id')).toBeUndefined();

    const back: number[] = [];
    for (let before = Number.POSITIVE_INFINITY; ; ) {
      const page = await log.readBack(before, 7);
      if (page.length === 0) break;
      back.push(...page.map(({ position }) => position));
      before = page.at(-1)?.position ?? 0;
    }
    expect(back).toEqual(all.map(({ position }) => position).reverse());
    expect(await log.readBack(all[3]?.position ?? 0, 2)).toEqual([all[2], all[1]]);
  });
});
