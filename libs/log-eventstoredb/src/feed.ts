import {
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  type EventStoreDBClient,
  streamNameFilter,
} from '@eventstore/db-client';
import { at } from './reading.ts';

/** Handed over at once at most, and held back by the client until it is asked for. */
const PAGE = 1_000;
const BUFFERED = 256;

export type FromFeed =
  | { readonly kind: 'events'; readonly events: readonly AllStreamResolvedEvent[] }
  /** Nothing else was there. */
  | { readonly kind: 'caught_up' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'ended' };

/**
 * One subscription of the client, pulled by hand. Its checkpoints are left alone: the server can put them before an
 * event that it has not delivered yet (KurrentDB#4970).
 */
export const openFeed = (client: EventStoreDBClient, after: number, prefixes: readonly string[]) => {
  const subscription: AllStreamSubscription = client.subscribeToAll(
    {
      fromPosition: at(after),
      filter: streamNameFilter({ prefixes: [...prefixes] }),
      requiresLeader: true,
    },
    { highWaterMark: BUFFERED },
  );
  let wake = () => {};
  let failure: unknown = null;
  let ended = false;
  let taken = 0;
  /** How many events come before the end that the server has reported; null until it has. */
  let endAt: number | null = null;
  /** The count of events for which the tail was last said to be reached. */
  let saidAt = -1;

  subscription
    .on('readable', () => wake())
    .on('caughtUp', () => {
      endAt ??= taken + subscription.readableLength;
      wake();
    })
    .on('error', (error: unknown) => {
      failure ??= error;
      wake();
    })
    .on('end', () => {
      ended = true;
      wake();
    });

  const take = (): readonly AllStreamResolvedEvent[] => {
    const events: AllStreamResolvedEvent[] = [];
    while (events.length < PAGE) {
      const event = subscription.read() as AllStreamResolvedEvent | null;
      if (event === null) break;
      events.push(event);
    }
    taken += events.length;
    return events;
  };

  return {
    /** What comes next, or null when there is nothing yet; throws what the subscription has failed with. */
    next: (): FromFeed | null => {
      const events = take();
      if (events.length > 0) return { kind: 'events', events };
      if (failure !== null) throw failure;
      if (ended) return { kind: 'ended' };
      if (endAt === null || taken < endAt || saidAt === taken) return null;
      saidAt = taken;
      return { kind: 'caught_up' };
    },
    /** Calls `work` when there may be something next. */
    whenChanged: (work: () => void): void => {
      wake = work;
    },
    /** Whether events have come that have not been taken. */
    waiting: (): boolean => subscription.readableLength > 0,
    /** Ends the call on the server. What is left flows into nothing: the client never lets go of what is not emptied. */
    close: async (): Promise<void> => {
      subscription.removeAllListeners('readable').resume();
      await subscription.unsubscribe().catch(() => undefined);
    },
  };
};

export type Feed = ReturnType<typeof openFeed>;
