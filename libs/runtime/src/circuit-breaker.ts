import type { Clock } from './time.ts';

/** The call was not made: what stands behind the breaker failed too often a moment ago. */
export class BreakerOpen extends Error {
  readonly code = 'BREAKER_OPEN';
  readonly retryAfterMs: number;
  constructor(name: string, retryAfterMs: number) {
    super(`${name} failed repeatedly and is left alone for another ${Math.ceil(retryAfterMs)} ms`);
    this.name = 'BreakerOpen';
    this.retryAfterMs = retryAfterMs;
  }
}

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface CircuitBreaker {
  /** Makes the call, or throws `BreakerOpen` without making it. The call's own errors pass through. */
  run<T>(call: () => Promise<T>): Promise<T>;
  readonly state: BreakerState;
}

/**
 * Opens after `threshold` faults in a row, and stays open for `openMs`; then a single call is let through, and what
 * becomes of it closes the breaker or opens it again. Errors that `isFault` denies count as success: the dependency
 * answered. A call that began before the breaker opened changes nothing when it ends later.
 */
export const createCircuitBreaker = (options: {
  readonly name: string;
  readonly threshold: number;
  readonly openMs: number;
  readonly isFault: (error: unknown) => boolean;
  readonly clock: Clock;
  readonly onChange?: (state: BreakerState) => void;
}): CircuitBreaker => {
  let state: BreakerState = 'closed';
  let faults = 0;
  let openedAt = 0;
  /** Counts changes of state: a call's result is ignored when the state is not that of its start any more. */
  let era = 0;

  const become = (next: BreakerState) => {
    if (state === next) return;
    state = next;
    era++;
    faults = 0;
    if (next === 'open') openedAt = options.clock.monotonic();
    options.onChange?.(next);
  };

  const admit = () => {
    if (state === 'closed') return;
    const left = state === 'open' ? openedAt + options.openMs - options.clock.monotonic() : 0;
    if (state === 'half_open' || left > 0) throw new BreakerOpen(options.name, Math.max(left, 0));
    become('half_open');
  };

  const settle = (startedIn: number, fault: boolean) => {
    if (startedIn !== era) return;
    if (!fault) {
      faults = 0;
      become('closed');
    } else if (state === 'half_open' || ++faults >= options.threshold) become('open');
  };

  return {
    get state() {
      return state;
    },
    run: async (call) => {
      admit();
      const startedIn = era;
      try {
        const result = await call();
        settle(startedIn, false);
        return result;
      } catch (error) {
        settle(startedIn, options.isFault(error));
        throw error;
      }
    },
  };
};
