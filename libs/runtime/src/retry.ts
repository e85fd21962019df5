import type { Chance, Timers } from './time.ts';

/** Waits grow from `firstMs` by doubling up to `maxMs`. */
export type Backoff = { readonly firstMs: number; readonly maxMs: number };

/**
 * How long to wait after the `failures`-th failure in a row (1 is the first). Half of it is chance, so that those who
 * failed together do not come back together.
 */
export const backoffMs = ({ firstMs, maxMs }: Backoff, failures: number, chance: Chance): number => {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 40));
  return full / 2 + (full / 2) * chance.fraction();
};

/** Resolves after `ms`, or at once when `signal` aborts: look at the signal afterwards. */
export const pause = (timers: Timers, ms: number, signal?: AbortSignal): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal?.aborted) return Promise.resolve();
  const cancel = timers.after(ms, resolve);
  if (signal === undefined) return promise;
  const stop = () => {
    cancel();
    resolve();
  };
  signal.addEventListener('abort', stop, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', stop));
};

/**
 * Tries idempotent work again after a failure that `isTransient` says may pass, at most `attempts` times in all, and
 * then throws the last failure. Stops early, with that failure, when `signal` aborts.
 */
export const retry = async <T>(
  work: () => Promise<T>,
  options: {
    readonly attempts: number;
    readonly backoff: Backoff;
    readonly isTransient: (error: unknown) => boolean;
    readonly timers: Timers;
    readonly chance: Chance;
    readonly signal?: AbortSignal;
  },
): Promise<T> => {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (failures >= options.attempts || !options.isTransient(error)) throw error;
      await pause(options.timers, backoffMs(options.backoff, failures, options.chance), options.signal);
      if (options.signal?.aborted) throw error;
    }
  }
};

/** The work did not finish in time. Whether it had its effect is unknown. */
export class TimedOut extends Error {
  readonly code = 'TIMED_OUT';
  constructor(what: string, ms: number) {
    super(`${what} took longer than ${ms} ms`);
    this.name = 'TimedOut';
  }
}

/** Rejects with `TimedOut` when the promise takes longer. The promise itself goes on: hand its work a signal too. */
export const withTimeout = <T>(promise: Promise<T>, what: string, ms: number, timers: Timers): Promise<T> => {
  const late = Promise.withResolvers<never>();
  const cancel = timers.after(ms, () => late.reject(new TimedOut(what, ms)));
  return Promise.race([promise, late.promise]).finally(cancel);
};
