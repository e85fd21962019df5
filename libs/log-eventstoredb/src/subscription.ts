import type { AllStreamResolvedEvent, EventStoreDBClient } from '@eventstore/db-client';
import { type Delivery, LogUnavailable } from '@signalbox/event-sourcing';
import { pause, pauseMs } from './attempts.ts';
import { isLasting, isOurs, messageOf, NoAnswer, reconnectsByItself } from './errors.ts';
import { type Feed, type FromFeed, openFeed } from './feed.ts';
import type { LogContext } from './log-context.ts';

/**
 * Everything after a position, for as long as `signal` lets it. Where the connection breaks, the server restarts or the
 * subscription goes silent, it goes on after the last event that was delivered.
 */
export async function* subscribe(
  log: LogContext,
  head: () => Promise<number>,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<Delivery, void> {
  const { around, places, ours } = log;
  let position = after;
  let place = places.before(after);
  let failures = 0;

  const delivered = (page: readonly AllStreamResolvedEvent[]): Delivery | null => {
    const events = page.flatMap((resolved) => ours(resolved) ?? []).filter((event) => event.position > position);
    place = Number(page.at(-1)?.event?.position.commit ?? place);
    position = events.at(-1)?.position ?? position;
    return events.length === 0 ? null : { kind: 'events', events };
  };

  while (!signal.aborted) {
    const client = await around.connection.client();
    const feed = openFeed(client, place, log.prefixes);
    const close = () => void feed.close();
    signal.addEventListener('abort', close);
    try {
      for (;;) {
        const next = await nextOf(feed, log, signal);
        if (signal.aborted) return;
        if (next.kind === 'ended') throw new LogUnavailable('EventStoreDB has ended the subscription.');
        if (next.kind === 'silent') {
          if ((await head()) > position && !feed.waiting())
            throw new NoAnswer('subscribing', around.patience.silenceMs);
          continue;
        }
        failures = 0;
        around.onAnswered();
        const delivery = next.kind === 'events' ? delivered(next.events) : ({ kind: 'caught_up', position } as const);
        if (delivery) yield delivery;
      }
    } catch (error) {
      failed(log, client, error);
      failures++;
    } finally {
      signal.removeEventListener('abort', close);
      await feed.close();
    }
    await pause(around.timers, pauseMs(around, failures), signal);
  }
}

/** Waits for what comes next; `ended` also when the signal aborts. */
const nextOf = async (feed: Feed, { around }: LogContext, signal: AbortSignal): Promise<FromFeed> => {
  let silent = false;
  let wake = () => {};
  const changed = () => wake();
  feed.whenChanged(changed);
  signal.addEventListener('abort', changed);
  const callOff = around.timers.after(around.patience.silenceMs, () => {
    silent = true;
    changed();
  });
  try {
    while (!signal.aborted) {
      const next = feed.next();
      if (next !== null) return next;
      if (silent) return { kind: 'silent' };
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
    return { kind: 'ended' };
  } finally {
    callOff();
    signal.removeEventListener('abort', changed);
  }
};

const failed = ({ around }: LogContext, client: EventStoreDBClient, error: unknown): void => {
  if (isOurs(error)) throw error;
  if (isLasting(error)) {
    throw new LogUnavailable(`EventStoreDB refuses the subscription: ${messageOf(error)}`, { cause: error });
  }
  around.onFailed(error);
  if (!reconnectsByItself(error)) around.connection.renew(client);
};
