import { topicsOf } from '@signalbox/contracts';
import type { Election } from '@signalbox/event-sourcing';
import type { Consumer } from 'kafkajs';
import { heartbeatMs, kafkaClient, retries } from './client.ts';
import { incumbentFirst } from './incumbent-first.ts';
import type { KafkaBusOptions } from './options.ts';
import { watchForSilence } from './silence.ts';
import { unavailable } from './unavailable.ts';

/** How often the library looks up from waiting: it bounds how late heartbeats are. */
const POLL_MS = 250;

/**
 * Whoever has the one partition of the election topic leads. The broker takes it from a member that gave no sign of
 * life for the session timeout; the member itself counts from the last sign that was taken, and stops by itself.
 */
export const kafkaElection = (options: KafkaBusOptions): Election => ({
  lead: async (work, signal) => {
    if (signal.aborted) return;
    const term = termOf(options);
    const { election: topic } = topicsOf(options.namespace);
    const consumer = kafkaClient(options).consumer({
      groupId: `${options.namespace}.relay-election`,
      partitionAssigners: [incumbentFirst(topic, term.isOn)],
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.sessionTimeoutMs,
      heartbeatInterval: heartbeatMs(options.sessionTimeoutMs),
      maxWaitTimeInMs: POLL_MS,
      allowAutoTopicCreation: false,
      retry: { ...retries, restartOnFailure: async () => false },
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      term.elected((payload.memberAssignment[topic] ?? []).includes(0)),
    );
    consumer.on(consumer.events.HEARTBEAT, term.confirmed);
    consumer.on(consumer.events.CRASH, ({ payload }) => term.end(payload.error));
    const stop = () => term.end();
    signal.addEventListener('abort', stop, { once: true });

    try {
      await joined(consumer, topic);
      for (;;) {
        const leading = await term.next();
        if (!leading) return;
        await work(leading).catch((error: unknown) => {
          if (!leading.aborted) throw error;
        });
        if (!leading.aborted) throw new Error('The work of the leader ended by itself');
      }
    } finally {
      signal.removeEventListener('abort', stop);
      term.end();
      await consumer.disconnect().catch(() => undefined);
    }
  },
});

const joined = async (consumer: Consumer, topic: string) => {
  try {
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ eachMessage: async () => undefined });
  } catch (error) {
    throw unavailable('The election cannot be held', error);
  }
};

/** The times during which this member leads, one after another. */
const termOf = ({ sessionTimeoutMs, timers }: KafkaBusOptions) => {
  let isElected = false;
  let current: AbortController | null = null;
  let ended: { readonly error: unknown } | null = null;
  let wake = () => {};

  const lose = () => {
    silence.stop();
    current?.abort();
    current = null;
  };
  const silence = watchForSilence(sessionTimeoutMs, timers, lose);
  const confirmed = () => {
    if (!isElected || ended) return;
    silence.heard();
    current ??= new AbortController();
    wake();
  };

  return {
    isOn: () => current !== null,
    elected: (yes: boolean) => {
      isElected = yes;
      if (yes) confirmed();
      else lose();
    },
    /** The broker has heard from this member. */
    confirmed,
    end: (error?: unknown) => {
      ended ??= { error };
      lose();
      wake();
    },
    /** The signal of the term that is on or comes next; null when there will be none, because this member was told to stop. */
    next: async (): Promise<AbortSignal | null> => {
      while (!ended && !current) {
        const woken = Promise.withResolvers<void>();
        wake = woken.resolve;
        await woken.promise;
      }
      if (ended?.error !== undefined) throw unavailable('The election ended', ended.error);
      return current?.signal ?? null;
    },
  };
};
