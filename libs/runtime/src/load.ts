import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Clock } from './time.ts';

export interface LoadMonitor {
  /** Why no new request should be taken now; false when all is well. Cheap enough to ask for every request. */
  overloaded(): false | 'event_loop' | 'heap' | 'queue';
  /** Milliseconds that the event loop was late at worst in the last sample. */
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
const SAMPLE_MS = 500;
const RESOLUTION_MS = 10;

/** Measures this process. */
export const processLoad = (): LoadSources => {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return {
    eventLoopDelayMs: () => {
      // The 99th percentile passes over a lone pause of the garbage collector.
      const late = histogram.count === 0 ? 0 : histogram.percentile(99) / 1e6 - RESOLUTION_MS;
      histogram.reset();
      return Math.max(late, 0);
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
