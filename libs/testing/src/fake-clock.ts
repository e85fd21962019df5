import type { Clock, Timers } from '@signalbox/runtime';
import { settle } from './real-time.ts';

export interface FakeClock extends Clock, Timers {
  /**
   * Lets this much time pass (milliseconds): the timers that fall due run one after another, at their due times, in
   * the order in which they were set where these are equal. Before the first and after each, promises settle, so what
   * a timer sets off may set timers of its own that still run in this call. Rejects with what a timer throws.
   */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock, forth or back, as an operator or NTP would: no time passes and no timer runs. */
  set(now: number): void;
  /** How many timers wait. */
  readonly pending: number;
}

type Timer = { readonly due: number; readonly work: () => void };

/** A test double for time: it stands still until it is told to move. `start` is in epoch milliseconds. */
export const fakeClock = (start: number): FakeClock => {
  let elapsed = 0;
  let wall = start;
  const timers = new Set<Timer>();

  const moveTo = (moment: number) => {
    wall += moment - elapsed;
    elapsed = moment;
  };

  const earliest = (end: number): Timer | undefined => {
    let found: Timer | undefined;
    for (const timer of timers) if (timer.due <= end && (!found || timer.due < found.due)) found = timer;
    return found;
  };

  return {
    now: () => wall,
    monotonic: () => elapsed,
    after: (ms, work) => {
      const timer = { due: elapsed + Math.max(ms, 0), work };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: async (ms) => {
      if (!(ms >= 0)) throw new RangeError(`Time passes forwards: advance(${ms}) is not possible, set() is.`);
      const end = elapsed + ms;
      await settle();
      for (let timer = earliest(end); timer; timer = earliest(end)) {
        timers.delete(timer);
        moveTo(timer.due);
        timer.work();
        await settle();
      }
      moveTo(end);
    },
    set: (now) => {
      wall = now;
    },
    get pending() {
      return timers.size;
    },
  };
};
