import type { Delivery, RecordedEvent } from '@signalbox/event-sourcing';

/** So many events are kept at hand at most, save for the rest of what was delivered at once. */
const AHEAD = 2_000;

/**
 * The events of a subscription in batches of at most `limit`. It goes on reading while a batch is being dealt with, so
 * that events which come one by one leave together. Ends when the subscription ends, and ends the subscription when
 * nobody wants more.
 */
export async function* inBatches(
  subscribe: (signal: AbortSignal) => AsyncIterable<Delivery>,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordedEvent[]> {
  const enough = new AbortController();
  let atHand: RecordedEvent[] = [];
  let ended: { readonly error: unknown } | null = null;
  let changed = Promise.withResolvers<void>();
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };

  const read = async () => {
    for await (const delivery of subscribe(AbortSignal.any([signal, enough.signal]))) {
      if (delivery.kind !== 'events') continue;
      atHand = atHand.length === 0 ? [...delivery.events] : atHand.concat(delivery.events);
      change();
      while (atHand.length >= AHEAD && !enough.signal.aborted && !signal.aborted) await changed.promise;
    }
  };
  const reading = read().then(
    () => {
      ended = { error: undefined };
      change();
    },
    (error: unknown) => {
      ended = { error };
      change();
    },
  );
  signal.addEventListener('abort', change, { once: true });

  try {
    while (!signal.aborted) {
      if (atHand.length > 0) {
        const batch = atHand.slice(0, limit);
        atHand = atHand.slice(limit);
        change();
        yield batch;
      } else if (ended === null) await changed.promise;
      else if ((ended as { readonly error: unknown }).error === undefined) return;
      else throw (ended as { readonly error: unknown }).error;
    }
  } finally {
    signal.removeEventListener('abort', change);
    enough.abort();
    change();
    await reading;
  }
}
