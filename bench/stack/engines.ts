import { findEventStoreDb, startKafka, startKeysRedis, startRedis } from '@signalbox/testing/engines';
import { listenerOn, type ProcessUsage, usageOf } from '../driver/listeners.ts';

export type EngineName = 'EventStoreDB' | 'Kafka' | 'Redis';

export type Engines = {
  readonly eventStoreDbUrl: string;
  readonly kafkaBrokers: readonly string[];
  readonly redisUrl: string;
  readonly keysUrl: string;
  /** What each is, and whether it is the real thing. */
  readonly descriptions: Readonly<Record<EngineName, string>>;
  /** Of those that run as processes of this machine. */
  readonly usage: () => Readonly<Partial<Record<EngineName, ProcessUsage>>>;
  readonly stop: () => Promise<void>;
};

/** The servers that the environment names (`SIGNALBOX_TEST_KAFKA` and so on), else some of our own. Throws without Kafka or Redis. */
export const startEngines = async (): Promise<Engines> => {
  const [kafka, redis, keys, store] = await Promise.all([
    startKafka(process.env),
    startRedis(process.env),
    startKeysRedis(),
    findEventStoreDb(process.env),
  ]);
  const stop = async () => {
    await Promise.all([kafka, redis, keys, store].map((engine) => engine.kind !== 'missing' && engine.stop()));
  };
  if (kafka.kind === 'missing' || redis.kind === 'missing' || keys.kind === 'missing') {
    await stop();
    const reasons = [kafka, redis, keys].flatMap((one) => (one.kind === 'missing' ? [one.reason] : []));
    throw new Error(`The stack cannot be measured here: ${reasons.join('; ')}`);
  }
  const addresses = { EventStoreDB: store.address, Kafka: kafka.address, Redis: redis.address };
  const pids = (Object.entries(addresses) as [EngineName, string][]).flatMap(([name, address]) => {
    const pid = listenerOn(Number(address.split(',')[0]?.split(':').at(-1)));
    return pid === null ? [] : [[name, pid] as const];
  });
  return {
    eventStoreDbUrl: store.url,
    kafkaBrokers: kafka.brokers,
    redisUrl: redis.url,
    keysUrl: keys.url,
    descriptions: {
      EventStoreDB: store.kind === 'double' ? `NOT the real one: ${store.description}` : store.description,
      Kafka: kafka.description,
      Redis: redis.description,
    },
    usage: () => Object.fromEntries(pids.map(([name, pid]) => [name, usageOf(pid)])),
    stop,
  };
};
