import { createHistogram } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { createLoadMonitor, processLoad } from '../src/index.ts';
import { lateness } from '../src/load.ts';
import { fakeTime } from './fakes.ts';

const aMonitor = () => {
  const { clock, advance } = fakeTime();
  const measured = { delay: 0, used: 10, queue: 0 };
  let stopped = false;
  const monitor = createLoadMonitor({
    limits: { maxEventLoopDelayMs: 500, maxHeapPercent: 90, maxQueueDepth: 100 },
    queueDepth: () => measured.queue,
    clock,
    sources: {
      eventLoopDelayMs: () => measured.delay,
      heap: () => ({ used: measured.used, limit: 100 }),
      stop: () => {
        stopped = true;
      },
    },
  });
  return { monitor, measured, advance, stopped: () => stopped };
};

describe('the load monitor', () => {
  it('lets requests in while all is well', () => {
    expect(aMonitor().monitor.overloaded()).toBe(false);
  });

  it.each([
    ['event_loop', { delay: 501 }, { delay: 500 }],
    ['heap', { used: 91 }, { used: 90 }],
    ['queue', { queue: 101 }, { queue: 100 }],
  ])('says when it is the %s, above its limit and not at it', (reason, above, at) => {
    const { monitor, measured, advance } = aMonitor();
    Object.assign(measured, above);
    advance(1_000);
    expect(monitor.overloaded()).toBe(reason);
    Object.assign(measured, at);
    advance(1_000);
    expect(monitor.overloaded()).toBe(false);
  });

  it('measures the process at most once a second, and the queue each time', () => {
    const { monitor, measured, advance } = aMonitor();
    advance(1_000);
    monitor.overloaded();
    Object.assign(measured, { delay: 900 });
    advance(999);
    expect(monitor.overloaded()).toBe(false);
    Object.assign(measured, { queue: 101 });
    expect(monitor.overloaded()).toBe('queue');
    advance(1);
    Object.assign(measured, { queue: 0 });
    expect(monitor.overloaded()).toBe('event_loop');
    expect([monitor.eventLoopDelayMs(), monitor.heapUsed()]).toEqual([900, 10]);
  });

  it('stops what it started', () => {
    const { monitor, stopped } = aMonitor();
    monitor.stop();
    expect(stopped()).toBe(true);
  });

  it('can measure a real process', () => {
    const sources = processLoad();
    expect(sources.eventLoopDelayMs()).toBeGreaterThanOrEqual(0);
    const { used, limit } = sources.heap();
    expect(used).toBeGreaterThan(1_000_000);
    expect(limit).toBeGreaterThan(used);
    sources.stop();
  });
});

describe('how late the event loop is', () => {
  /** As one sample measures it: how often it was how late, in milliseconds beyond the ten between two measurements. */
  const measured = (...measurements: readonly (readonly [times: number, lateMs: number])[]) => {
    const histogram = createHistogram();
    for (const [times, lateMs] of measurements) {
      for (let i = 0; i < times; i++) histogram.record((10 + lateMs) * 1e6);
    }
    return Math.round(lateness(histogram) / 10) * 10;
  };

  it('is not told by one long pause in a sample', () => {
    expect(measured([40, 0], [1, 600])).toBe(0);
    expect(measured([9, 0], [1, 900])).toBe(0);
  });

  it('is told where one in ten measurements is late, or there are hardly any', () => {
    expect(measured([80, 0], [10, 600])).toBe(600);
    expect(measured([1, 0], [2, 500])).toBe(500);
    expect(measured([100, 40])).toBe(40);
  });

  it('is not at all, where nothing was measured or it was early', () => {
    expect(measured()).toBe(0);
    expect(measured([100, -5])).toBe(0);
  });
});
