import { type Topics, topicsOf } from '@signalbox/contracts';
import { type BusPublisher, BusUnavailable, laneOf, type RecordedEvent } from '@signalbox/event-sourcing';
import type { Kafka, Message, Producer } from 'kafkajs';
import { kafkaClient, retries } from './client.ts';
import { lastPublished } from './last-published.ts';
import { headersOf } from './message.ts';
import type { KafkaBusOptions } from './options.ts';
import { unavailable } from './unavailable.ts';

/** A request holds so much at most; a broker's default limit for what one partition gets at once is 1 MiB. */
const MAX_REQUEST_BYTES = 512 * 1_024;

/** Headers and framing of a message, roughly. */
const OVERHEAD_BYTES = 1_024;

/** An idempotent producer, and the number of partitions that it deals the lanes to. */
type Open = { readonly producer: Producer; readonly partitions: number };

export const kafkaPublisher = (options: KafkaBusOptions): BusPublisher => {
  const kafka = kafkaClient(options);
  const topics = topicsOf(options.namespace);
  const source = `urn:signalbox:${options.namespace}`;
  let open: Promise<Open> | null = null;

  const close = async () => {
    const closing = open;
    open = null;
    const opened = await closing?.catch(() => null);
    await opened?.producer.disconnect().catch(() => undefined);
  };

  const send = async ({ producer, partitions }: Open, batch: readonly RecordedEvent[], publishedUpTo: number) => {
    let upTo = publishedUpTo;
    for (const part of partsOf(batch)) {
      const messages = part.map(
        (event): Message => ({
          partition: laneOf(event.stream) % partitions,
          key: event.stream,
          value: Buffer.from(event.data.buffer, event.data.byteOffset, event.data.byteLength),
          headers: headersOf(event, source, upTo),
        }),
      );
      await producer.send({ topic: topics.events, acks: -1, messages });
      upTo = part.at(-1)?.position ?? upTo;
    }
  };

  return {
    publish: async (batch, publishedUpTo) => {
      try {
        open ??= openProducer(kafka, topics);
        await send(await open, batch, publishedUpTo);
      } catch (error) {
        // The broker may hold this batch under the number that the producer would give to the next one, and would take
        // that for a repetition: a producer that failed is never used again.
        await close();
        throw unavailable('Events could not be published', error);
      }
    },
    lastPublished: () => lastPublished(options),
    close,
  };
};

const openProducer = async (kafka: Kafka, topics: Topics): Promise<Open> => {
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
    retry: retries,
  });
  const admin = kafka.admin();
  try {
    await Promise.all([producer.connect(), admin.connect()]);
    const { topics: found } = await admin.fetchTopicMetadata({ topics: [topics.events] });
    const partitions = found[0]?.partitions.length ?? 0;
    if (partitions === 0) throw new BusUnavailable(`There is no topic ${topics.events}`);
    return { producer, partitions };
  } catch (error) {
    await producer.disconnect().catch(() => undefined);
    throw error;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
};

/** Consecutive parts that a broker takes; an event that is too large by itself is a part of its own. */
function* partsOf(batch: readonly RecordedEvent[]): Generator<readonly RecordedEvent[]> {
  let start = 0;
  let bytes = 0;
  for (const [index, { data }] of batch.entries()) {
    const size = data.byteLength + OVERHEAD_BYTES;
    if (index > start && bytes + size > MAX_REQUEST_BYTES) {
      yield batch.slice(start, index);
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (start < batch.length) yield batch.slice(start);
}
