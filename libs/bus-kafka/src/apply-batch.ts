import type { BusBatch, PoisonEvent, RecordedEvent } from '@signalbox/event-sourcing';
import type { KafkaMessage } from 'kafkajs';
import type { DeadLetter, DeadLetters } from './dead-letters.ts';
import { eventIn } from './message.ts';

export type Handle = (batch: BusBatch) => Promise<readonly PoisonEvent[]>;

/**
 * Has the messages' events handled, then sets aside what could not be: the messages that are no events, and the events
 * that the handler gave back. Rejects when any of it failed; all of it may be done again then.
 */
export const applyBatch = async (
  partition: number,
  messages: readonly KafkaMessage[],
  {
    handle,
    deadLetters,
    signal,
  }: { readonly handle: Handle; readonly deadLetters: DeadLetters; readonly signal: AbortSignal },
): Promise<void> => {
  const letters: DeadLetter[] = [];
  const events: RecordedEvent[] = [];
  const origin = new Map<number, KafkaMessage>();
  for (const message of messages) {
    const read = eventIn(message);
    if (read.kind === 'event') {
      events.push(read.event);
      origin.set(read.event.position, message);
    } else letters.push({ message, partition, reason: 'unreadable', detail: read.detail });
  }

  const poison = events.length > 0 ? await handle({ partition, events, signal }) : [];
  for (const { event, reason } of poison) {
    const message = origin.get(event.position);
    if (!message) throw new Error(`The handler gave back ${event.id}, which is not of the batch it was given`);
    letters.push({ message, partition, reason: 'poison', detail: reason });
  }
  await deadLetters.send(letters);
};
