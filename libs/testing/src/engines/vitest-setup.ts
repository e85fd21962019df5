import type { TestProject } from 'vitest/node';
import { startKafka } from './kafka.ts';
import { startRedis } from './redis.ts';
import { summaryOf } from './summary.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Null when there is no Kafka here. */
    readonly kafkaBrokers: readonly string[] | null;
    /** Null when there is no Redis here. */
    readonly redisUrl: string | null;
  }
}

/** Starts Kafka and Redis once for a whole run of tests, which get the addresses by `inject`. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const [kafka, redis] = await Promise.all([startKafka(process.env), startRedis(process.env)]);
  project.provide('kafkaBrokers', kafka.kind === 'real' ? kafka.brokers : null);
  project.provide('redisUrl', redis.kind === 'real' ? redis.url : null);
  return async () => {
    await Promise.all([kafka, redis].map((engine) => (engine.kind === 'real' ? engine.stop() : undefined)));
    process.stdout.write(`\n${summaryOf({ Kafka: kafka, Redis: redis })}\n`);
  };
};
