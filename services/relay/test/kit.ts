import {
  type BusPublisher,
  type Election,
  type EventLog,
  type NewEvent,
  type RecordedEvent,
  streamName,
} from '@signalbox/event-sourcing';
import { systemChance } from '@signalbox/runtime';
import { metadata } from '@signalbox/testing';

/** The event at a position, of one of a few streams. */
export const recorded = (position: number): RecordedEvent => ({
  ...aNewEvent(),
  stream: streamName('session', `s${position % 7}`),
  revision: Math.floor(position / 7),
  position,
  recordedAt: 1_790_000_000_000 + position,
});

export const aNewEvent = (): NewEvent => ({
  id: systemChance.uuid(),
  type: 'OfferPublished',
  schemaVersion: 1,
  data: new TextEncoder().encode('{}'),
  keyId: null,
  metadata: metadata(),
  hash: null,
  previousHash: null,
});

/** Appends `count` events, dealt to `streams` streams in turn. */
export const append = async (log: EventLog, count: number, streams = 10): Promise<void> => {
  for (let index = 0; index < count; index++) {
    await log.append(streamName('session', `s${index % streams}`), [aNewEvent()], 'any');
  }
};

/** A double of the bus: it keeps batches in memory, and fails when told to, after having taken a part of the batch. */
export const aBusInMemory = (batches: { readonly events: readonly RecordedEvent[]; readonly upTo: number }[] = []) => {
  let failing: { readonly error: Error; readonly taken: number } | null = null;
  const publisher: BusPublisher = {
    publish: async (events, upTo) => {
      if (failing) {
        const { error, taken } = failing;
        failing = null;
        if (taken > 0) batches.push({ events: events.slice(0, taken), upTo });
        throw error;
      }
      batches.push({ events: [...events], upTo });
    },
    lastPublished: async () => Math.max(0, ...batches.map(({ upTo }) => upTo)),
    close: async () => undefined,
  };
  return {
    publisher,
    batches,
    events: () => batches.flatMap(({ events }) => events),
    failOnce: (error: Error, taken = 0) => {
      failing = { error, taken };
    },
  };
};

/** A double of an election that this candidate wins at once, and for ever. */
export const unopposed: Election = { lead: (work, signal) => work(signal) };
