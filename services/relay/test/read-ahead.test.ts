import type { Delivery, RecordedEvent } from '@signalbox/event-sourcing';
import { settle } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { inBatches } from '../src/read-ahead.ts';
import { recorded } from './kit.ts';

/** A subscription that the test feeds: each delivery is taken when the reader asks for it. */
const aSource = () => {
  const queue: (Delivery | Error | 'end')[] = [];
  let wake = () => {};
  let taken = 0;
  let ended = false;
  const subscribe = async function* (signal: AbortSignal): AsyncGenerator<Delivery> {
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else if (next instanceof Error) throw next;
        else if (next === 'end') return;
        else {
          taken++;
          yield next;
        }
      }
    } finally {
      ended = true;
    }
  };
  return {
    subscribe,
    give: (...items: (Delivery | Error | 'end')[]) => {
      queue.push(...items);
      wake();
    },
    taken: () => taken,
    ended: () => ended,
  };
};

const events = (from: number, count: number): RecordedEvent[] =>
  Array.from({ length: count }, (_, index) => recorded(from + index));
const delivery = (from: number, count: number): Delivery => ({ kind: 'events', events: events(from, count) });
const positions = (batch: readonly RecordedEvent[] | undefined) => batch?.map(({ position }) => position);

describe('reading in batches', () => {
  it('splits what comes at once, and joins what comes while a batch is being dealt with', async () => {
    const source = aSource();
    const batches = inBatches(source.subscribe, 3, new AbortController().signal);
    source.give(delivery(1, 5));
    expect(positions((await batches.next()).value ?? [])).toEqual([1, 2, 3]);
    source.give({ kind: 'caught_up', position: 99 }, delivery(6, 1), delivery(7, 1), delivery(8, 1));
    await settle();
    expect(positions((await batches.next()).value ?? [])).toEqual([4, 5, 6]);
    expect(positions((await batches.next()).value ?? [])).toEqual([7, 8]);
    await batches.return(undefined);
  });

  it('does not read on without end', async () => {
    const source = aSource();
    const batches = inBatches(source.subscribe, 500, new AbortController().signal);
    for (let index = 0; index < 50; index++) source.give(delivery(1 + index * 100, 100));
    await batches.next();
    await settle();
    await settle();
    const before = source.taken();
    expect(before).toBeLessThanOrEqual(30);
    await batches.next();
    await settle();
    expect(source.taken()).toBeGreaterThan(before);
    await batches.return(undefined);
  });

  it('ends the subscription when nobody wants more', async () => {
    const source = aSource();
    source.give(delivery(1, 1));
    for await (const batch of inBatches(source.subscribe, 10, new AbortController().signal)) {
      expect(positions(batch)).toEqual([1]);
      break;
    }
    expect(source.ended()).toBe(true);
  });

  it('ends when the signal aborts, and with the subscription', async () => {
    const source = aSource();
    const stopping = new AbortController();
    const batches = inBatches(source.subscribe, 10, stopping.signal);
    const waiting = batches.next();
    await settle();
    stopping.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(source.ended()).toBe(true);

    const other = aSource();
    const rest = inBatches(other.subscribe, 10, new AbortController().signal);
    other.give(delivery(1, 1), 'end');
    expect(positions((await rest.next()).value ?? [])).toEqual([1]);
    expect(await rest.next()).toEqual({ done: true, value: undefined });
  });

  it('fails as the subscription fails, after what had come before', async () => {
    const source = aSource();
    const batches = inBatches(source.subscribe, 10, new AbortController().signal);
    const failure = new Error('the log is away');
    source.give(delivery(1, 2), failure);
    expect(positions((await batches.next()).value ?? [])).toEqual([1, 2]);
    await expect(batches.next()).rejects.toBe(failure);
  });
});
