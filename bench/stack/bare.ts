import { streamName } from '@signalbox/event-sourcing';
import { openEventStoreLog } from '@signalbox/log-eventstoredb';
import { systemChance, systemClock, systemTimers } from '@signalbox/runtime';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { handshake } from '../history.ts';
import type { Engines } from './engines.ts';
import { paced } from './paced.ts';

/** Milliseconds: of each append, and from each append's answer to the answer of Redis. */
export type BareRound = { readonly appends: readonly number[]; readonly lags: readonly number[] };

export type Bare = {
  /** So many events each second, for so long. */
  run(perSecond: number, seconds: number): Promise<BareRound>;
  close(): Promise<void>;
};

/**
 * The least that brings an event from a log over a bus into a store: one append, the same bytes produced to Kafka and
 * consumed from it, and one SET, all in this process. Nothing is subscribed to, elected, decoded, checked or projected.
 */
export const openBare = async (engines: Engines): Promise<Bare> => {
  const name = `bare-${systemChance.uuid().slice(0, 8)}`;
  const log = await openEventStoreLog({
    ...{ url: engines.eventStoreDbUrl, prefix: `${name}.`, newLogId: systemChance.uuid },
    ...{ timers: systemTimers, chance: systemChance },
  });
  const redis = new Redis(engines.redisUrl, { enableAutoPipelining: true });
  const kafka = new Kafka({ brokers: [...engines.kafkaBrokers], clientId: name, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: name, numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const consumer = kafka.consumer({ groupId: name, maxWaitTimeInMs: 100 });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic: name, fromBeginning: true });

  const arrived = new Map<string, () => void>();
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      const write = async (key: string, value: Buffer) => {
        await redis.set(`${name}:${key}`, value);
        arrived.get(key)?.();
      };
      await Promise.all(batch.messages.map(({ key, value }) => write(String(key), value ?? Buffer.alloc(0))));
    },
  });

  const carry = async (appends: number[], lags: number[]): Promise<void> => {
    const id = systemChance.orderedUuid();
    const [event] = handshake(systemClock.now(), systemClock.now());
    if (!event) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    arrived.set(id, resolve);
    const startedAt = systemClock.monotonic();
    await log.append(streamName('session', id), [event], 'no_stream');
    const appendedAt = systemClock.monotonic();
    await producer.send({ topic: name, acks: -1, messages: [{ key: id, value: Buffer.from(event.data) }] });
    await promise;
    arrived.delete(id);
    appends.push(appendedAt - startedAt);
    lags.push(systemClock.monotonic() - appendedAt);
  };

  return {
    run: async (perSecond, seconds) => {
      const [appends, lags]: [number[], number[]] = [[], []];
      await paced(perSecond, seconds, () => carry(appends, lags));
      return { appends, lags };
    },
    close: async () => {
      await consumer.disconnect();
      await producer.disconnect();
      redis.disconnect();
      await log.close();
    },
  };
};
