import { topicsOf } from '@signalbox/contracts';
import type { ITopicConfig, Kafka } from 'kafkajs';
import { kafkaClient } from './client.ts';
import type { KafkaBusOptions } from './options.ts';
import { unavailable } from './unavailable.ts';

/** An event may be far larger than a broker takes by default: a session's candidates, at generous limits. */
const MAX_MESSAGE_BYTES = 8 * 1_024 * 1_024;

/** Time for people to look at what was set aside. */
const DEAD_LETTERS_KEPT_MS = 90 * 24 * 3_600_000;

/**
 * Creates the topics that are absent, and changes none that is there: the number of partitions of the events decides
 * which of them a lane is in. Rejects with `BusUnavailable`.
 */
export const createTopics = async (
  options: KafkaBusOptions,
  { partitions, replicationFactor }: { readonly partitions: number; readonly replicationFactor: number },
): Promise<void> => {
  const names = topicsOf(options.namespace);
  // What was acknowledged must survive the loss of one machine, where there is one to spare.
  const safe = { 'min.insync.replicas': replicationFactor > 2 ? '2' : '1', 'cleanup.policy': 'delete' };
  const large = { ...safe, 'max.message.bytes': String(MAX_MESSAGE_BYTES) };
  const kept = {
    ...safe,
    'max.message.bytes': String(MAX_MESSAGE_BYTES + MAX_MESSAGE_BYTES / 8), // the reason comes on top
    'retention.ms': String(DEAD_LETTERS_KEPT_MS),
  };
  await createAbsent(kafkaClient(options), [
    topic(names.events, partitions, replicationFactor, large),
    topic(names.deadLetters, 1, replicationFactor, kept),
    topic(names.election, 1, replicationFactor, safe),
  ]);
};

const topic = (
  name: string,
  numPartitions: number,
  replicationFactor: number,
  settings: Readonly<Record<string, string>>,
): ITopicConfig => ({
  topic: name,
  numPartitions,
  replicationFactor,
  configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
});

const createAbsent = async (kafka: Kafka, topics: readonly ITopicConfig[]) => {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const present = await admin.listTopics();
    const absent = topics.filter(({ topic }) => !present.includes(topic));
    // Answers with false, without harm, when another process was faster.
    if (absent.length > 0) await admin.createTopics({ topics: absent, waitForLeaders: true });
  } catch (error) {
    throw unavailable('Topics could not be created', error);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
};
