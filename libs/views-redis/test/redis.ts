import { randomUUID } from 'node:crypto';
import { type FakeClock, fakeClock, t0 } from '@signalbox/testing';
import type {} from '@signalbox/testing/engines/setup';
import { connectRedis, type Generations, type Redis, redisGenerations } from '@signalbox/views-redis';
import { afterEach, inject } from 'vitest';

/** The Redis of this run of tests, which others use too: each test keeps to a namespace of its own. */
export const redisUrl = (): string => {
  const url = inject('redisUrl');
  if (url === null) throw new Error('There is no Redis here.');
  return url;
};

const opened = new Set<Redis>();

/** Another process, as it were, of a namespace. What it leaves in Redis is removed after the test. */
export const connect = async (
  options: { readonly url?: string; readonly namespace?: string; readonly commandTimeoutMs?: number } = {},
): Promise<Redis> => {
  const { url = redisUrl(), namespace = `test-${randomUUID()}`, commandTimeoutMs = 5_000 } = options;
  const redis = await connectRedis({ url, namespace, instance: randomUUID(), commandTimeoutMs });
  opened.add(redis);
  return redis;
};

export const keysOf = async (redis: Redis, pattern = '*'): Promise<readonly string[]> => {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const page = await redis.send('SCAN', cursor, 'MATCH', `${redis.namespace}:${pattern}`, 'COUNT', 1_000);
    const [next, keys] = page as readonly [string, readonly string[]];
    for (const key of keys) found.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...found].toSorted();
};

afterEach(async () => {
  for (const redis of opened) {
    if (redis.fault() === undefined) {
      const keys = await keysOf(redis);
      if (keys.length > 0) await redis.send('UNLINK', ...keys);
    }
    await redis.close();
  }
  opened.clear();
});

export const generationsOf = (redis: Redis, clock: FakeClock = fakeClock(t0)): Generations =>
  redisGenerations({ redis, now: clock.now, after: clock.after, newGeneration: () => randomUUID() });

/** Makes an empty generation the live one. */
export const switchToEmpty = async (generations: Generations): Promise<string> => {
  const rebuild = await generations.begin();
  if (rebuild === null) throw new Error('Somebody else is rebuilding.');
  await rebuild.seal();
  await rebuild.switchTo();
  return rebuild.generation;
};

/** An empty read side in a namespace of its own. */
export const aReadSide = async (clock: FakeClock = fakeClock(t0)) => {
  const redis = await connect();
  const generations = generationsOf(redis, clock);
  await switchToEmpty(generations);
  return { redis, generations, clock, live: generations.live };
};

/** A double for timers: whatever is to be done later is done now. */
export const atOnce = (_ms: number, work: () => void): (() => void) => {
  work();
  return () => undefined;
};
