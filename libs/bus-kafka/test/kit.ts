import { randomUUID } from 'node:crypto';
import { topicsOf } from '@signalbox/contracts';
import {
  type BusBatch,
  type PoisonEvent,
  type RecordedEvent,
  type StreamName,
  streamName,
} from '@signalbox/event-sourcing';
import { backoffMs, pause, systemChance, systemTimers } from '@signalbox/runtime';
import { metadata, until } from '@signalbox/testing';
import type {} from '@signalbox/testing/engines/setup';
import { Kafka, logLevel, type Message } from 'kafkajs';
import { inject, onTestFinished } from 'vitest';
import { createTopics, type KafkaBusOptions, kafkaPublisher, kafkaSubscriber } from '../src/index.ts';

/** Null where there is no Kafka. */
export const sharedBrokers = inject('kafkaBrokers');

/** The shortest session that a broker takes by default. */
export const SESSION_MS = 6_000;

export type Observed = {
  readonly lag: { readonly partition: number; readonly messages: number }[];
  readonly paused: { readonly partition: number; readonly waitMs: number; readonly error: unknown }[];
  readonly deadLetters: { readonly group: string; readonly reason: string; readonly detail: string }[];
};

/** A bus of a namespace that nobody else uses, with topics. */
export const aBus = async (overrides?: { readonly brokers?: readonly string[]; readonly partitions?: number }) => {
  const observed: Observed = { lag: [], paused: [], deadLetters: [] };
  const options: KafkaBusOptions = {
    brokers: overrides?.brokers ?? sharedBrokers ?? [],
    tls: false,
    login: null,
    namespace: `test-${randomUUID()}`,
    clientId: 'test',
    sessionTimeoutMs: SESSION_MS,
    log: () => undefined,
    observer: {
      lag: (_group, partition, messages) => observed.lag.push({ partition, messages }),
      paused: (_group, partition, waitMs, error) => observed.paused.push({ partition, waitMs, error }),
      deadLetter: (group, reason, detail) => observed.deadLetters.push({ group, reason, detail }),
    },
    timers: systemTimers,
    chance: systemChance,
  };
  await untilAnswered(() => createTopics(options, { partitions: overrides?.partitions ?? 4, replicationFactor: 1 }));
  await untilAnswered(() => groupsOf(options.brokers));
  return { options, observed, topics: topicsOf(options.namespace) };
};

/** Asks after enough groups to reach every coordinator: one that still reads its groups refuses members for a while. */
const groupsOf = async (brokers: readonly string[]): Promise<void> => {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    for (let group = 0; group < 16; group++) await admin.fetchOffsets({ groupId: `asked-after-${group}` });
  } finally {
    await admin.disconnect();
  }
};

/** A broker that has just started refuses some things for a moment. */
export const untilAnswered = async <T>(work: () => Promise<T>): Promise<T> =>
  (await until('the broker does as asked', async () => ({ answer: await work() }), { withinMs: 45_000, everyMs: 100 }))
    .answer;

export const aPublisher = (options: KafkaBusOptions) => {
  const publisher = kafkaPublisher(options);
  onTestFinished(() => publisher.close());
  return publisher;
};

/** Events of a log: their positions are 10, 20, 30, … */
export const aLog = () => {
  const revisions = new Map<StreamName, number>();
  let position = 0;
  return {
    next: (id: string, overrides?: Partial<RecordedEvent>): RecordedEvent => {
      const stream = streamName('session', id);
      const revision = (revisions.get(stream) ?? -1) + 1;
      revisions.set(stream, revision);
      position += 10;
      return {
        id: randomUUID(),
        type: 'OfferPublished',
        schemaVersion: 1,
        data: new TextEncoder().encode(JSON.stringify({ revision })),
        keyId: null,
        metadata: metadata(),
        stream,
        revision,
        position,
        recordedAt: 1_790_000_000_000 + position,
        hash: null,
        previousHash: null,
        ...overrides,
      };
    },
  };
};

/** `count` events, dealt to `streams` streams in turn. */
export const someEvents = (log: ReturnType<typeof aLog>, count: number, streams: number): RecordedEvent[] =>
  Array.from({ length: count }, (_, index) => log.next(`s${index % streams}`));

/** A member of a group that goes on after failures, as a supervised service does, until the test is over. */
export const aMember = (
  options: KafkaBusOptions,
  group: string,
  handle: (batch: BusBatch) => Promise<readonly PoisonEvent[]> = async () => [],
) => {
  const handled: RecordedEvent[] = [];
  const assignments: (readonly number[])[] = [];
  const failures: unknown[] = [];
  const stopping = new AbortController();
  const consume = async () => {
    while (!stopping.signal.aborted) {
      await kafkaSubscriber(options)
        .consume({
          group,
          handle: async (batch) => {
            const poison = await handle(batch);
            handled.push(...batch.events);
            return poison;
          },
          onAssigned: (partitions) => assignments.push(partitions),
          signal: stopping.signal,
        })
        .catch((error: unknown) => failures.push(error));
      const wait = backoffMs({ firstMs: 50, maxMs: 1_000 }, failures.length, systemChance);
      await pause(systemTimers, wait, stopping.signal);
    }
  };
  const ended = consume();
  const stop = () => {
    stopping.abort();
    return ended;
  };
  onTestFinished(stop);
  return {
    handled,
    assignments,
    failures,
    stop,
    has: (count: number) =>
      until(`${group} has handled ${count} events`, () => positionsOf(handled).size >= count, { withinMs: 45_000 }),
  };
};

export const positionsOf = (events: readonly RecordedEvent[]): Set<number> =>
  new Set(events.map(({ position }) => position));

/** The events without their repetitions. */
export const firstsOf = (events: readonly RecordedEvent[]): RecordedEvent[] => {
  const seen = new Set<number>();
  return events.filter(({ position }) => !seen.has(position) && seen.add(position));
};

/** The events of each stream, by stream. */
export const byStream = (events: readonly RecordedEvent[]) => Map.groupBy(events, ({ stream }) => stream);

/** A client that goes past our own, to send what we never would and to see what is really there. */
export const aStranger = (brokers: readonly string[]) => {
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'stranger', logLevel: logLevel.NOTHING });
  return {
    kafka,
    send: async (topic: string, messages: Message[]) => {
      const producer = kafka.producer({
        createPartitioner:
          () =>
          ({ message }) =>
            message.partition ?? 0,
      });
      await producer.connect();
      await producer.send({ topic, messages });
      await producer.disconnect();
    },
    asking: async <T>(work: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> => {
      const admin = kafka.admin();
      await admin.connect();
      return work(admin).finally(() => admin.disconnect());
    },
    /** Everything in a topic, as text; waits until `count` messages are there. */
    messagesOf: async (topic: string, count: number) => {
      const consumer = kafka.consumer({ groupId: `stranger-${randomUUID()}`, maxWaitTimeInMs: 50 });
      const found: {
        readonly partition: number;
        readonly key: string | undefined;
        readonly value: string | undefined;
        readonly headers: Readonly<Record<string, string>>;
      }[] = [];
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        eachMessage: async ({ partition, message }) => {
          const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
          found.push({
            partition,
            key: message.key?.toString(),
            value: message.value?.toString(),
            headers: Object.fromEntries(headers),
          });
        },
      });
      await until(`${topic} holds ${count} messages`, () => found.length >= count, { withinMs: 30_000 });
      await consumer.disconnect();
      return found;
    },
  };
};
