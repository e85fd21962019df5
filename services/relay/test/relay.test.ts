import { memoryEventLog } from '@signalbox/memory';
import { fakeClock, until } from '@signalbox/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { relay } from '../src/app.ts';
import { aBusInMemory, append, unopposed } from './kit.ts';

const aLog = () => memoryEventLog({ now: fakeClock(1_790_000_000_000).now, id: 'a log' });

const running = (options: Omit<Parameters<typeof relay>[0], 'election'>) => {
  const stopping = new AbortController();
  const ended = relay({ ...options, election: unopposed }, stopping.signal);
  ended.catch(() => undefined);
  const stop = () => {
    stopping.abort();
    return ended;
  };
  onTestFinished(() => stop().catch(() => undefined));
  return { ended, stop };
};

describe('the relay', () => {
  it('carries the whole log, then what is added, in order, each batch with the position before it', async () => {
    const log = aLog();
    await append(log, 1_200);
    const bus = aBusInMemory();
    const published: unknown[] = [];
    const led: number[] = [];
    const { stop } = running({
      log,
      publisher: bus.publisher,
      onLeading: (position) => led.push(position),
      onPublished: (batch) => published.push(batch),
    });
    await until('what there was is on the bus', () => bus.events().length === 1_200);
    await append(log, 3);
    await until('what was added is too', () => bus.events().length === 1_203);
    await stop();

    expect(bus.events()).toEqual(await log.readAll(0, 2_000));
    expect(led).toEqual([0]);
    let before = 0;
    for (const [index, { events, upTo }] of bus.batches.entries()) {
      const last = events.at(-1);
      expect(events.length).toBeLessThanOrEqual(500);
      expect(upTo).toBe(before);
      expect(published[index]).toEqual({
        count: events.length,
        position: last?.position,
        recordedAt: last?.recordedAt,
      });
      before = last?.position ?? 0;
    }
    expect(published).toHaveLength(bus.batches.length);
  });

  it('goes on from what the bus holds', async () => {
    const log = aLog();
    await append(log, 30);
    const all = await log.readAll(0, 100);
    const bus = aBusInMemory([{ events: all.slice(0, 20), upTo: 20 }]);
    running({ log, publisher: bus.publisher });
    await until('the rest is on the bus', () => bus.events().length === 30);
    expect(bus.batches.at(-1)).toEqual({ events: all.slice(20), upTo: 20 });
  });

  it('fails as the bus fails, and loses nothing when it is run again', async () => {
    const log = aLog();
    await append(log, 50);
    const bus = aBusInMemory();
    const failure = new Error('the bus is away');
    bus.failOnce(failure, 20);
    await expect(running({ log, publisher: bus.publisher }).ended).rejects.toBe(failure);
    running({ log, publisher: bus.publisher });
    await until('all is on the bus', () => bus.events().length === 70);
    const all = await log.readAll(0, 100);
    expect(bus.events()).toEqual([...all.slice(0, 20), ...all]);
  });

  it('refuses a bus that is ahead of the log: it is the bus of another log', async () => {
    const log = aLog();
    await append(log, 5);
    const bus = aBusInMemory([{ events: [], upTo: 6 }]);
    await expect(running({ log, publisher: bus.publisher }).ended).rejects.toThrow(
      'The bus holds events up to position 6, the log ends at 5: this is another log',
    );
    expect(bus.events()).toEqual([]);
  });

  it('says when it leads, and when it leads no more although it may again', async () => {
    const log = aLog();
    await append(log, 3);
    const bus = aBusInMemory();
    const said: string[] = [];
    const stopping = new AbortController();
    const ended = relay(
      {
        ...{ log, publisher: bus.publisher },
        /** A double: each of two terms ends once something was published in it. */
        election: {
          lead: async (work) => {
            for (let batches = 1; batches <= 2; batches++) {
              const term = new AbortController();
              const working = work(term.signal);
              await until('the bus has a batch of this term', () => bus.batches.length === batches);
              term.abort();
              await working;
            }
          },
        },
        onLeading: (position) => said.push(`leads after ${position}`),
        onLeft: () => said.push('leads no more'),
      },
      stopping.signal,
    );
    await ended;
    expect(said).toEqual(['leads after 0', 'leads no more', 'leads after 0', 'leads no more']);
  });

  it('ends when it is told to while idle', async () => {
    const { stop } = running({ log: aLog(), publisher: aBusInMemory().publisher });
    await expect(stop()).resolves.toBeUndefined();
  });
});
