import { topicsOf } from '@signalbox/contracts';
import { type BusSubscriber, BusUnavailable } from '@signalbox/event-sourcing';
import { heartbeatMs, kafkaClient, retries } from './client.ts';
import { deadLettersOf } from './dead-letters.ts';
import type { KafkaBusOptions } from './options.ts';
import { partitionHandler } from './partition-handler.ts';
import { progressOf } from './progress.ts';
import { watchForSilence } from './silence.ts';
import { unavailable } from './unavailable.ts';

/**
 * How long the broker holds a request for more when there is none; what arrives meanwhile is sent at once. It bounds
 * how late a partition is taken up again after a pause, and how late a stop is noticed.
 */
const POLL_MS = 100;

/** More partitions than one member can have: each is handled beside the others. */
const SIDE_BY_SIDE = 64;

/** The library has been known to stop without a word. */
const SILENT_SESSIONS = 3;

export const kafkaSubscriber = (options: KafkaBusOptions): BusSubscriber => ({
  consume: async ({ group: name, handle, onAssigned, signal }) => {
    if (signal.aborted) return;
    const { events: topic } = topicsOf(options.namespace);
    const group = `${options.namespace}.${name}`;
    const consumer = kafkaClient(options).consumer({
      groupId: group,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.sessionTimeoutMs,
      heartbeatInterval: heartbeatMs(options.sessionTimeoutMs),
      maxWaitTimeInMs: POLL_MS,
      allowAutoTopicCreation: false,
      retry: { ...retries, restartOnFailure: async () => false },
    });
    const deadLetters = deadLettersOf(group, options);
    const progress = progressOf(consumer, topic, options.timers);
    const partitions = partitionHandler({ ...options, group, handle, deadLetters, progress, signal });
    const ended = Promise.withResolvers<void>();
    ended.promise.catch(() => undefined); // it may fail before anybody waits for it
    /** Ends when the partitions are dealt out anew. */
    let assignment = new AbortController();
    const fail = (error: unknown) => {
      assignment.abort();
      ended.reject(error);
    };
    const silence = watchForSilence(SILENT_SESSIONS * options.sessionTimeoutMs, options.timers, () =>
      fail(new BusUnavailable('the broker has not heard of this member for too long')),
    );

    consumer.on(consumer.events.REBALANCING, () => void progress.tell());
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      silence.heard();
      assignment.abort();
      assignment = new AbortController();
      progress.forget();
      onAssigned?.(payload.memberAssignment[topic] ?? []);
    });
    consumer.on(consumer.events.HEARTBEAT, silence.heard);
    consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error));
    const stop = () => ended.resolve();
    signal.addEventListener('abort', stop, { once: true });

    try {
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: SIDE_BY_SIDE,
        eachBatch: (payload) => partitions.take(payload, assignment.signal),
      });
      await ended.promise;
    } catch (error) {
      if (!signal.aborted) throw unavailable(`The subscription of ${group} ended`, error);
    } finally {
      signal.removeEventListener('abort', stop);
      silence.stop();
      await partitions.stop();
      await progress.tell();
      await consumer.disconnect().catch(() => undefined);
      await deadLetters.close();
    }
  },
});
