import { getEventListeners } from 'node:events';
import { type FakeClock, fakeClock, settle, t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { pause } from '../src/pause.ts';

let clock: FakeClock;
let aborting: AbortController;
let listeners: Set<() => void>;
beforeEach(() => {
  clock = fakeClock(t0);
  aborting = new AbortController();
  listeners = new Set();
});

const listen = (wakeUp: () => void) => {
  listeners.add(wakeUp);
  return () => {
    listeners.delete(wakeUp);
  };
};

/** What is left of a pause: timers, listeners of its own, listeners of the signal. */
const left = () => [clock.pending, listeners.size, getEventListeners(aborting.signal, 'abort').length];

const start = async (ms: number) => {
  let over = false;
  void pause((after, work) => clock.after(after, work), ms, aborting.signal, listen).then(() => {
    over = true;
  });
  await settle();
  return () => over;
};

describe('a pause', () => {
  it('is over when its time is, and leaves nothing behind', async () => {
    const isOver = await start(1_000);
    expect(left()).toEqual([1, 1, 1]);
    await clock.advance(999);
    expect(isOver()).toBe(false);
    await clock.advance(1);
    expect(isOver()).toBe(true);
    expect(left()).toEqual([0, 0, 0]);
  });

  it.each([1_000, Number.POSITIVE_INFINITY])('of %d ms is over when it is aborted', async (ms) => {
    const isOver = await start(ms);
    expect(isOver()).toBe(false);
    aborting.abort();
    await settle();
    expect(isOver()).toBe(true);
    expect(left()).toEqual([0, 0, 0]);
  });

  it.each([1_000, Number.POSITIVE_INFINITY])('of %d ms is over when it is woken up', async (ms) => {
    const isOver = await start(ms);
    for (const wakeUp of listeners) wakeUp();
    await settle();
    expect(isOver()).toBe(true);
    expect(left()).toEqual([0, 0, 0]);
  });

  it('without end sets no timer', async () => {
    const isOver = await start(Number.POSITIVE_INFINITY);
    expect(left()).toEqual([0, 1, 1]);
    await clock.advance(1e12);
    expect(isOver()).toBe(false);
  });

  it('that is aborted before it begins is over at once', async () => {
    aborting.abort();
    const isOver = await start(1_000);
    expect(isOver()).toBe(true);
    expect(left()).toEqual([0, 0, 0]);
  });

  it('until a time that has passed is over at once', async () => {
    const isOver = await start(-5);
    await clock.advance(0);
    expect(isOver()).toBe(true);
    expect(left()).toEqual([0, 0, 0]);
  });
});
