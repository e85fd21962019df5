import { topicsOf } from '@signalbox/contracts';
import { BusUnavailable } from '@signalbox/event-sourcing';
import type { Admin, Kafka } from 'kafkajs';
import { kafkaClient, retries } from './client.ts';
import { eventIn } from './message.ts';
import type { KafkaBusOptions } from './options.ts';
import { unavailable } from './unavailable.ts';

/** Reading a record from each partition takes milliseconds; after this long something is wrong. */
const PATIENCE_MS = 15_000;

/** The last offset that each partition holds, by partition; those that hold nothing are left out. */
type Tails = ReadonlyMap<number, string>;

/**
 * The largest position that the last records of the partitions vouch for. Every such claim is true whoever made it, a
 * relay that no longer leads included, and a record that is no event claims nothing; so the largest is true as well.
 */
export const lastPublished = async (options: KafkaBusOptions): Promise<number> => {
  const { events } = topicsOf(options.namespace);
  const kafka = kafkaClient(options);
  const admin = kafka.admin();
  try {
    await admin.connect();
    const tails = await tailsOf(admin, events);
    if (tails.size === 0) return 0;
    // The library reads within a group only. This one is nobody else's, and remembers nothing.
    const group = `${options.namespace}.relay-resume.${options.chance.uuid()}`;
    const claims = await claimsAt(tails, kafka, events, group, options);
    await admin.deleteGroups([group]).catch(() => undefined); // or else the broker forgets it in its own time
    return Math.max(...claims);
  } catch (error) {
    throw unavailable('The last published position could not be read', error);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
};

const tailsOf = async (admin: Admin, topic: string): Promise<Tails> => {
  const offsets = await admin.fetchTopicOffsets(topic);
  const held = offsets.filter(({ low, high }) => BigInt(high) > BigInt(low));
  return new Map(held.map(({ partition, high }) => [partition, String(BigInt(high) - 1n)]));
};

const claimsAt = async (
  tails: Tails,
  kafka: Kafka,
  topic: string,
  groupId: string,
  { timers }: KafkaBusOptions,
): Promise<readonly number[]> => {
  const consumer = kafka.consumer({
    groupId,
    maxWaitTimeInMs: 50,
    allowAutoTopicCreation: false,
    retry: { ...retries, restartOnFailure: async () => false },
  });
  const claims = new Map<number, number>();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => undefined); // it may fail before anybody waits for it
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
  const cancel = timers.after(PATIENCE_MS, () => reject(new BusUnavailable('The topic gave no record in time')));
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: false });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: async ({ batch }) => {
        for (const message of batch.messages) {
          const read = eventIn(message);
          const claim = read.kind === 'event' ? read.publishedUpTo : 0;
          claims.set(batch.partition, Math.max(claim, claims.get(batch.partition) ?? 0));
        }
        if ([...tails.keys()].every((partition) => claims.has(partition))) resolve();
      },
    });
    for (const [partition, offset] of tails) consumer.seek({ topic, partition, offset });
    await promise;
    return [...claims.values()];
  } finally {
    cancel();
    await consumer.disconnect().catch(() => undefined);
  }
};
