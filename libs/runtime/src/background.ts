import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { type Backoff, backoffMs, pause } from './retry.ts';
import type { Chance, Timers } from './time.ts';

/** Work with nobody to answer, which must not stop: a subscription, a scheduler, a sweep. */
export interface Supervised {
  readonly name: string;
  /** Null while it is well; otherwise why not, in a few words. For `/ready`. */
  unhealthy(): string | null;
  /** Tells the work to stop and resolves when it has. */
  stop(): Promise<void>;
}

/** So many failures in a row and it is no passing trouble any more. */
const PERSISTENT = 3;

/**
 * Keeps the work running until `stop`. A failure is logged, counted and followed by another try after a growing wait;
 * `healthy`, which the work calls whenever it has made progress, ends the row of failures. Work that returns before
 * it was told to stop has failed too.
 */
export const supervise = (options: {
  readonly name: string;
  readonly run: (signal: AbortSignal, healthy: () => void) => Promise<void>;
  readonly backoff?: Backoff;
  readonly timers: Timers;
  readonly chance: Chance;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'backgroundFailed'>;
}): Supervised => {
  const { name, timers, chance, logger, backoff = { firstMs: 100, maxMs: 30_000 } } = options;
  const stopping = new AbortController();
  let failures = 0;

  const failed = (error: unknown) => {
    failures++;
    options.metrics.backgroundFailed(name);
    const level = failures >= PERSISTENT ? 'error' : 'warn';
    logger[level]({ err: error, work: name, failures }, 'background work failed and will be tried again');
  };

  const keepRunning = async () => {
    while (!stopping.signal.aborted) {
      try {
        await options.run(stopping.signal, () => {
          failures = 0;
        });
        if (!stopping.signal.aborted) failed(new Error('It ended by itself'));
      } catch (error) {
        if (stopping.signal.aborted && isAbort(error)) return;
        failed(error);
      }
      if (!stopping.signal.aborted) await pause(timers, backoffMs(backoff, failures, chance), stopping.signal);
    }
  };

  const ended = keepRunning();
  return {
    name,
    unhealthy: () => (failures >= PERSISTENT ? `failed ${failures} times in a row` : null),
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
};

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
