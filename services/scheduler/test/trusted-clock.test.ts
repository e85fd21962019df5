import { fakeClock, t0 } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { trustedClock } from '../src/trusted-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const aRig = (lastRecordedAt: number | null) => {
  const clock = fakeClock(t0);
  const doubts: number[] = [];
  return { clock, doubts, isTrusted: trustedClock({ clock, lastRecordedAt, onDoubt: (ms) => doubts.push(ms) }) };
};

describe('the clock', () => {
  it('is believed while it goes with the time', async () => {
    const { clock, doubts, isTrusted } = aRig(t0 - DAY);
    expect(isTrusted()).toBe(true);
    await clock.advance(9 * DAY);
    clock.set(clock.now() + HOUR);
    expect(isTrusted()).toBe(true);
    expect(doubts).toEqual([]);
  });

  it.each([
    ['ahead', 8 * DAY],
    ['back', -2 * HOUR],
  ])('is doubted for an hour when it jumps %s', async (_, ms) => {
    const { clock, doubts, isTrusted } = aRig(null);
    clock.set(clock.now() + ms);
    expect(isTrusted()).toBe(false);
    await clock.advance(HOUR - 1);
    expect(isTrusted()).toBe(false);
    await clock.advance(1);
    expect(isTrusted()).toBe(true);
    expect(doubts).toEqual([ms]);
  });

  it('is doubted for an hour where the log ends long before it', async () => {
    const { clock, doubts, isTrusted } = aRig(t0 - 8 * DAY);
    expect(isTrusted()).toBe(false);
    await clock.advance(HOUR);
    expect(isTrusted()).toBe(true);
    expect(doubts).toEqual([8 * DAY]);
  });
});
