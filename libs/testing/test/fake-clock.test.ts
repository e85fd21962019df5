import { describe, expect, it } from 'vitest';
import { fakeClock } from '../src/index.ts';

const start = 1_000;

describe('the fake clock', () => {
  it('stands still until it is told to move, and then moves both clocks alike', async () => {
    const clock = fakeClock(start);
    expect([clock.now(), clock.monotonic(), clock.pending]).toEqual([1_000, 0, 0]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  });

  it('runs what falls due in the order of the due times, then of setting, each at its own time', async () => {
    const clock = fakeClock(start);
    const ran: [string, number][] = [];
    const note = (name: string) => () => ran.push([name, clock.now()]);
    clock.after(30, note('late'));
    clock.after(10, note('first'));
    clock.after(10, note('second'));
    clock.after(31, note('not yet'));
    clock.after(-5, note('at once'));
    await clock.advance(30);
    expect(ran).toEqual([
      ['at once', 1_000],
      ['first', 1_010],
      ['second', 1_010],
      ['late', 1_030],
    ]);
    expect(clock.pending).toBe(1);
  });

  it('lets promises settle between timers, so that a chain of timers runs in a single advance', async () => {
    const clock = fakeClock(start);
    const ticks: number[] = [];
    const wait = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
    const loop = async () => {
      for (;;) {
        await wait(10);
        await Promise.resolve();
        ticks.push(clock.now());
      }
    };
    void loop();
    await clock.advance(35);
    expect(ticks).toEqual([1_010, 1_020, 1_030]);
    expect(clock.now()).toBe(1_035);
  });

  it('forgets a timer that was called off', async () => {
    const clock = fakeClock(start);
    let ran = 0;
    const callOff = clock.after(10, () => ran++);
    callOff();
    expect(clock.pending).toBe(0);
    await clock.advance(10);
    expect(ran).toBe(0);
  });

  it('sets the wall clock back and forth without touching durations or timers', async () => {
    const clock = fakeClock(start);
    let ranAt = 0;
    clock.after(10, () => {
      ranAt = clock.now();
    });
    clock.set(1_000_000);
    clock.set(500);
    expect([clock.now(), clock.monotonic(), clock.pending]).toEqual([500, 0, 1]);
    await clock.advance(10);
    expect([ranAt, clock.now(), clock.monotonic(), clock.pending]).toEqual([510, 510, 10, 0]);
  });

  it('tells what a timer throws', async () => {
    const clock = fakeClock(start);
    clock.after(1, () => {
      throw new Error('from the timer');
    });
    await expect(clock.advance(1)).rejects.toThrow('from the timer');
  });

  it('does not let time pass backwards', async () => {
    await expect(fakeClock(start).advance(-1)).rejects.toThrow(RangeError);
  });
});
