import { settle } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { noMetrics, supervise } from '../src/index.ts';
import { countingChance, fakeTime, readableLogger } from './fakes.ts';

const aSetting = () => {
  const { timers, advance, waiting } = fakeTime();
  const { logger, lines } = readableLogger();
  const failed: string[] = [];
  const metrics = { ...noMetrics, backgroundFailed: (work: string) => void failed.push(work) };
  const common = {
    name: 'relay',
    backoff: { firstMs: 100, maxMs: 400 },
    timers,
    chance: countingChance(1),
    logger,
    metrics,
  };
  return { common, advance, waiting, lines, failed };
};

describe('supervised work', () => {
  it('is tried again after a failure, which is logged and counted', async () => {
    const { common, advance, lines, failed } = aSetting();
    let runs = 0;
    const work = supervise({
      ...common,
      run: async (signal) => {
        if (++runs === 1) throw new Error('connection lost');
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    });
    await settle();
    expect([runs, failed]).toEqual([1, ['relay']]);
    expect(lines()).toMatchObject([{ level: 'warn', work: 'relay', failures: 1, err: { message: 'connection lost' } }]);
    advance(100);
    await settle();
    expect(runs).toBe(2);
    await work.stop();
    expect(failed).toEqual(['relay']);
  });

  it('is unhealthy from the third failure in a row on, until it makes progress', async () => {
    const { common, advance } = aSetting();
    let fails = true;
    const work = supervise({
      ...common,
      run: async (signal, healthy) => {
        if (fails) throw new Error('away');
        healthy();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    });
    const seen: (string | null)[] = [];
    for (const ms of [100, 200, 400]) {
      await settle();
      seen.push(work.unhealthy());
      if (seen.length === 3) fails = false;
      advance(ms);
    }
    await settle();
    seen.push(work.unhealthy());
    expect(seen).toEqual([null, null, 'failed 3 times in a row', null]);
    await work.stop();
  });

  it('has failed when it ends without having been told to', async () => {
    const { common, lines } = aSetting();
    const work = supervise({ ...common, run: async () => undefined });
    await settle();
    expect(lines()[0]).toMatchObject({ level: 'warn', err: { message: 'It ended by itself' } });
    await work.stop();
  });

  it('stops at once while it waits for the next try, and is not tried again', async () => {
    const { common, advance, waiting } = aSetting();
    let runs = 0;
    const work = supervise({
      ...common,
      run: async () => {
        runs++;
        throw new Error('away');
      },
    });
    await settle();
    await work.stop();
    expect(waiting.size).toBe(0);
    advance(10_000);
    await settle();
    expect(runs).toBe(1);
  });

  it('may be interrupted by the stop, but another failure then is still logged', async () => {
    const { common, failed } = aSetting();
    const until = (signal: AbortSignal, error: () => unknown) =>
      new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(error())));
    const interrupted = supervise({ ...common, run: (signal) => until(signal, () => signal.reason) });
    await interrupted.stop();
    expect(failed).toEqual([]);
    const broken = supervise({ ...common, run: (signal) => until(signal, () => new Error('could not flush')) });
    await broken.stop();
    expect(failed).toEqual(['relay']);
  });
});
