import { getEventListeners } from 'node:events';
import type { Delivery, EventLog, RecordedEvent } from '@signalbox/event-sourcing';
import { expect } from 'vitest';

/** A subscription that a test pulls by hand; what must hold of every delivery is asserted on each. */
export const subscribe = (log: EventLog, after = 0) => {
  const aborter = new AbortController();
  const iterator = log.subscribeAll(after, { signal: aborter.signal })[Symbol.asyncIterator]();
  const events: RecordedEvent[] = [];
  const caughtUp: number[] = [];
  let position = after;

  const take = (delivery: Delivery): void => {
    if (delivery.kind === 'caught_up') {
      expect(delivery.position).toBeGreaterThanOrEqual(position);
      position = delivery.position;
      caughtUp.push(delivery.position);
      return;
    }
    expect(delivery.events).not.toHaveLength(0);
    for (const event of delivery.events) {
      expect(event.position).toBeGreaterThan(position);
      position = event.position;
      events.push(event);
    }
  };

  /** Pulls one delivery; tells whether there was one. */
  const pull = async (): Promise<boolean> => {
    const next = await iterator.next();
    if (next.done) return false;
    take(next.value);
    return true;
  };

  const until = async (enough: () => boolean): Promise<void> => {
    while (!enough()) if (!(await pull())) throw new Error('The subscription ended before the test had seen enough.');
  };

  return {
    /** What has been delivered so far, in order. */
    events,
    /** The positions at which the tail was said to be reached. */
    caughtUp,
    pull,
    abort: () => aborter.abort(),
    untilCount: (count: number) => until(() => events.length >= count),
    untilCaughtUp: () => {
      const before = caughtUp.length;
      return until(() => caughtUp.length > before);
    },
    /** Ends it, and asserts that it ends without an error and leaves nothing behind. */
    stop: async (): Promise<void> => {
      aborter.abort();
      while (await pull());
      expect(getEventListeners(aborter.signal, 'abort')).toEqual([]);
    },
  };
};
