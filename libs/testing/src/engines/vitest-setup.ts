import type { TestProject } from 'vitest/node';
import type { Missing } from './engine.ts';
import { type EventStoreDbEngine, findEventStoreDb } from './eventstoredb.ts';
import { type KafkaEngine, startKafka } from './kafka.ts';
import { type RedisEngine, startKeysRedis, startRedis } from './redis.ts';
import { summaryOf } from './summary.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Null when there is no Kafka here. */
    readonly kafkaBrokers: readonly string[] | null;
    /** Null when there is no Redis here. */
    readonly redisUrl: string | null;
    /** Another Redis, for keys. */
    readonly keysUrl: string | null;
    /** A real EventStoreDB, or the double of one as a process. */
    readonly eventStoreDb: { readonly url: string; readonly isReal: boolean };
  }
}

type Engines = {
  readonly kafka: KafkaEngine | Missing;
  readonly redis: RedisEngine | Missing;
  readonly keys: RedisEngine | Missing;
  readonly eventStoreDb: EventStoreDbEngine;
};

/** Several projects of one run share the engines: they are started with the first, and stopped after the last. */
const shared = globalThis as { signalboxEngines?: { users: number; readonly started: Promise<Engines> } };

const start = async (): Promise<Engines> => {
  const [kafka, redis, keys, eventStoreDb] = await Promise.all([
    startKafka(process.env),
    startRedis(process.env),
    startKeysRedis(),
    findEventStoreDb(process.env),
  ]);
  return { kafka, redis, keys, eventStoreDb };
};

/** Starts the engines once for a whole run of tests, which get the addresses by `inject`, and says at the end what they were. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  shared.signalboxEngines ??= { users: 0, started: start() };
  const engines = shared.signalboxEngines;
  engines.users++;
  const { kafka, redis, keys, eventStoreDb } = await engines.started;
  project.provide('kafkaBrokers', kafka.kind === 'real' ? kafka.brokers : null);
  project.provide('redisUrl', redis.kind === 'real' ? redis.url : null);
  project.provide('keysUrl', keys.kind === 'real' ? keys.url : null);
  project.provide('eventStoreDb', { url: eventStoreDb.url, isReal: eventStoreDb.kind === 'real' });
  return async () => {
    engines.users--;
    if (engines.users > 0) return;
    delete shared.signalboxEngines;
    await Promise.all([kafka, redis, keys, eventStoreDb].map((engine) => engine.kind !== 'missing' && engine.stop()));
    process.stdout.write(`\n${summaryOf({ Kafka: kafka, Redis: redis, EventStoreDB: eventStoreDb })}\n`);
  };
};
