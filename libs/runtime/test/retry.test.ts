import { settle } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { backoffMs, pause, retry, TimedOut, withTimeout } from '../src/index.ts';
import { countingChance, fakeTime } from './fakes.ts';

const backoff = { firstMs: 100, maxMs: 1_000 };

describe('backing off', () => {
  it('doubles up to the longest wait', () => {
    const waits = [1, 2, 3, 4, 5, 99].map((failures) => backoffMs(backoff, failures, countingChance(1)));
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('leaves half of each wait to chance', () => {
    expect(backoffMs(backoff, 2, countingChance(0))).toBe(100);
    expect(backoffMs(backoff, 2, countingChance(0.5))).toBe(150);
  });
});

describe('a pause', () => {
  it('ends after its time', async () => {
    const { timers, advance } = fakeTime();
    let over = false;
    const paused = pause(timers, 50).then(() => {
      over = true;
    });
    advance(49);
    await settle();
    expect(over).toBe(false);
    advance(1);
    await paused;
    expect(over).toBe(true);
  });

  it('ends at once when it is called off, before or meanwhile, and leaves no timer', async () => {
    const { timers, waiting } = fakeTime();
    const controller = new AbortController();
    const paused = pause(timers, 50, controller.signal);
    controller.abort();
    await paused;
    await pause(timers, 50, controller.signal);
    expect(waiting.size).toBe(0);
  });
});

describe('trying again', () => {
  const failing = (times: number, error = new Error('away')) => {
    let calls = 0;
    const work = async () => {
      if (++calls <= times) throw error;
      return calls;
    };
    return { work, calls: () => calls };
  };
  const setting = () => {
    const { timers, advance, waiting } = fakeTime();
    const options = { attempts: 3, backoff, isTransient: () => true, timers, chance: countingChance(1) };
    return { options, advance, waiting };
  };

  it('gives the result of the first try that works, and waits in between', async () => {
    const { options, advance } = setting();
    const { work, calls } = failing(2);
    const result = retry(work, options);
    await settle();
    expect(calls()).toBe(1);
    advance(100);
    await settle();
    expect(calls()).toBe(2);
    advance(200);
    expect(await result).toBe(3);
  });

  it('throws the last failure after so many attempts', async () => {
    const { options, advance } = setting();
    const error = new Error('still away');
    const { work, calls } = failing(9, error);
    const result = retry(work, options).catch((caught: unknown) => caught);
    for (const ms of [100, 200]) {
      await settle();
      advance(ms);
    }
    expect(await result).toBe(error);
    expect(calls()).toBe(3);
  });

  it('does not try again what will not pass', async () => {
    const { options, waiting } = setting();
    const { work, calls } = failing(1);
    await expect(retry(work, { ...options, isTransient: () => false })).rejects.toThrow('away');
    expect([calls(), waiting.size]).toEqual([1, 0]);
  });

  it('stops when it is told to, with the failure', async () => {
    const { options } = setting();
    const { work, calls } = failing(9);
    const controller = new AbortController();
    const result = retry(work, { ...options, signal: controller.signal }).catch((caught: Error) => caught.message);
    await settle();
    controller.abort();
    expect(await result).toBe('away');
    expect(calls()).toBe(1);
  });
});

describe('a time limit', () => {
  it('passes on what comes in time, good or bad, and leaves no timer', async () => {
    const { timers, waiting } = fakeTime();
    expect(await withTimeout(Promise.resolve(1), 'it', 100, timers)).toBe(1);
    await expect(withTimeout(Promise.reject(new Error('bad')), 'it', 100, timers)).rejects.toThrow('bad');
    expect(waiting.size).toBe(0);
  });

  it('rejects when its time is over', async () => {
    const { timers, advance } = fakeTime();
    const limited = withTimeout(new Promise(() => undefined), 'the log', 100, timers).catch((error: unknown) => error);
    advance(100);
    const error = await limited;
    expect(error).toBeInstanceOf(TimedOut);
    expect(error).toMatchObject({ code: 'TIMED_OUT', message: 'the log took longer than 100 ms' });
  });
});
