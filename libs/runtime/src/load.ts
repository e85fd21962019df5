import { type Histogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Clock } from './time.ts';

export interface LoadMonitor {
  /** Why no new request should be taken now; false when all is well. Cheap enough to ask for every request. */
  overloaded(): false | 'event_loop' | 'heap' | 'queue';
  /** Milliseconds that the event loop was late in the last sample: nine times in ten it was no later. */
  eventLoopDelayMs(): number;
  /** Bytes. */
  heapUsed(): number;
  stop(): void;
}

export type LoadSources = {
  /** Since the last call, in milliseconds. */
  readonly eventLoopDelayMs: () => number;
  readonly heap: () => { readonly used: number; readonly limit: number };
  readonly stop: () => void;
};

/** How old a sample may be. Between samples, only the queue is looked at. */
const SAMPLE_MS = 1_000;
const RESOLUTION_MS = 10;

/**
 * How late the event loop was, in milliseconds, by a histogram of about a hundred measurements in a sample. A lone pause
 * is one of them, and the 90th percentile passes over it as long as it leaves room for nine others. A loop that is late
 * again and again has few measurements in a sample, and most of them are late.
 */
export const lateness = (histogram: Pick<Histogram, 'count' | 'percentile'>): number =>
  histogram.count === 0 ? 0 : Math.max(histogram.percentile(90) / 1e6 - RESOLUTION_MS, 0);

/** Measures this process. */
export const processLoad = (): LoadSources => {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return {
    eventLoopDelayMs: () => {
      const late = lateness(histogram);
      histogram.reset();
      return late;
    },
    heap: () => {
      const { used_heap_size, heap_size_limit } = getHeapStatistics();
      return { used: used_heap_size, limit: heap_size_limit };
    },
    stop: () => histogram.disable(),
  };
};

/** Watches a process for the moment at which another request would only make all of them slower (L4). */
export const createLoadMonitor = (options: {
  readonly limits: {
    readonly maxEventLoopDelayMs: number;
    readonly maxHeapPercent: number;
    readonly maxQueueDepth: number;
  };
  /** How many appends wait for the log. */
  readonly queueDepth: () => number;
  readonly clock: Clock;
  readonly sources: LoadSources;
}): LoadMonitor => {
  const { limits, clock, sources } = options;
  let sampledAt = clock.monotonic();
  let delayMs = 0;
  let heap = sources.heap();
  sources.eventLoopDelayMs(); // what the start itself held up is no sign of load

  const refresh = () => {
    const now = clock.monotonic();
    if (now - sampledAt < SAMPLE_MS) return;
    sampledAt = now;
    delayMs = sources.eventLoopDelayMs();
    heap = sources.heap();
  };

  return {
    overloaded: () => {
      refresh();
      if (options.queueDepth() > limits.maxQueueDepth) return 'queue';
      if (delayMs > limits.maxEventLoopDelayMs) return 'event_loop';
      return heap.used > (heap.limit * limits.maxHeapPercent) / 100 ? 'heap' : false;
    },
    eventLoopDelayMs: () => {
      refresh();
      return delayMs;
    },
    heapUsed: () => {
      refresh();
      return heap.used;
    },
    stop: sources.stop,
  };
};
