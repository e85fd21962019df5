import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyStoreContract } from '@signalbox/conformance';
import { KeysUnavailable } from '@signalbox/event-sourcing';
import { systemTimers } from '@signalbox/runtime';
import type { RedisEngine } from '@signalbox/testing/engines';
import { connectRedis, type Redis, redisKeyStore } from '@signalbox/views-redis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ownRedis } from './own-redis.ts';

/** As the keys' own Redis is to be set; uncompressed, so that a scan of its files finds what is in them. */
const settings = {
  appendonly: 'yes',
  appendfsync: 'always',
  save: '',
  'maxmemory-policy': 'noeviction',
  rdbcompression: 'no',
};

let engine: RedisEngine;
beforeAll(async () => {
  engine = await ownRedis();
});
afterAll(() => engine.stop());

/** Nothing is cleared away: the server ends with this file. */
const connect = async ({ namespace = `keys-${randomUUID()}`, commandTimeoutMs = 5_000 } = {}): Promise<Redis> => {
  const redis = await connectRedis({ url: engine.url, namespace, instance: randomUUID(), commandTimeoutMs });
  onTestFinished(() => redis.close());
  return redis;
};

const configure = async (redis: Redis, changes: Readonly<Record<string, string>> = {}) => {
  for (const [name, value] of Object.entries({ ...settings, ...changes }))
    await redis.send('CONFIG', 'SET', name, value);
};

const open = async (namespace = `keys-${randomUUID()}`) => {
  const redis = await connect({ namespace });
  await configure(redis);
  return { redis, namespace, store: redisKeyStore({ redis, after: systemTimers.after }) };
};

/** Everything in the server's directory; undefined where it is on another machine. */
const filesOf = async (redis: Redis): Promise<(() => Promise<Buffer>) | undefined> => {
  const [, folder] = (await redis.send('CONFIG', 'GET', 'dir')) as readonly string[];
  if (folder === undefined || !existsSync(join(folder, 'appendonlydir'))) return undefined;
  return async () => {
    const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    return Buffer.concat(names.map((one) => readFileSync(join(one.parentPath, one.name))));
  };
};

keyStoreContract('Redis', async () => {
  const { redis, namespace, store } = await open();
  const bytes = await filesOf(redis);
  return {
    store,
    other: (await open(namespace)).store,
    restart: async () => {
      await store.close();
      await engine.restart();
      return (await open(namespace)).store;
    },
    ...(bytes && { bytes }),
  };
});

describe('the Redis of the keys', () => {
  it('says where it is full, takes no more keys there, and destroys and settles all the same', async () => {
    const { redis, store, namespace } = await open();
    onTestFinished(async () => void (await redis.send('CONFIG', 'SET', 'maxmemory', '0')));
    expect((await store.usage()).bound).toBeNull();
    const epoch = { id: 'e', startsAt: 0, endsAt: 1, wrapped: 'w'.repeat(93) };
    const short = { ...epoch, id: 'short' };
    for (const one of [epoch, short]) await store.addEpoch(one);
    await store.addDataKeys('short', [{ id: 'short.1', wrapped: 'w'.repeat(93) }]);
    await configure(redis, { maxmemory: String((await store.usage()).bytes + 1_000_000) });
    let isFull = false;
    for (let batch = 0; !isFull && batch < 100; batch++) {
      const keys = Array.from({ length: 256 }, (_, index) => ({ id: `e.${batch}-${index}`, wrapped: 'w'.repeat(93) }));
      await store.addDataKeys('e', keys).catch((error) => {
        expect(error).toBeInstanceOf(KeysUnavailable);
        expect(error.message).toMatch(/^The Redis of the keys is full/);
        isFull = true;
      });
    }
    expect(isFull).toBe(true);
    const { bytes, bound } = await store.usage();
    expect(bytes / (bound ?? 1)).toBeGreaterThan(0.95);

    // As full as it gets, whatever is freed on the way.
    await configure(redis, { maxmemory: '1' });
    const another = redisKeyStore({ redis: await connect({ namespace }), after: systemTimers.after });
    expect(await another.addEpoch(epoch)).toEqual(epoch);
    expect(await another.settle(0, 7)).toBe(true);
    expect(await another.rewrap([{ id: 'e', from: epoch.wrapped, to: 'v'.repeat(93) }])).toBe(1);
    expect(await another.destroyDataKeys(['e.0-0', 'e.0-1'])).toBe(2);
    expect(await another.destroyDataKeys(['e.0-0'])).toBe(0);
    expect(await another.destroyEpoch('short')).toBe(1);
    expect(await another.find(['e.0-0', 'short.1', 'e.0-2'])).toEqual([
      ...[null, null, { wrapped: 'w'.repeat(93), epoch: 'v'.repeat(93) }],
    ]);
    await expect(another.addDataKeys('e', [{ id: 'e.x', wrapped: 'w' }])).rejects.toThrow(
      /^The Redis of the keys is full/,
    );
  });

  let redis: Redis;
  beforeEach(async () => {
    ({ redis } = await open());
  });

  const epoch = { id: 'e', startsAt: 0, endsAt: 1, wrapped: 'a wrapping' };

  it.each([
    ['appendonly', 'no', 'yes'],
    ['appendfsync', 'everysec', 'always'],
    ['maxmemory-policy', 'allkeys-lru', 'noeviction'],
    ['save', '60 1', ''],
  ])('is refused with %s %s', async (name, wrong, right) => {
    const store = redisKeyStore({ redis, after: systemTimers.after });
    await store.check();
    await configure(redis, { [name]: wrong });
    const refused = store.check();
    await expect(refused).rejects.toBeInstanceOf(KeysUnavailable);
    await expect(refused).rejects.toThrow(new RegExp(`${name} “${wrong}”.*Set it to “${right}”`));
    await configure(redis);
    await store.check();
  });

  it('rewrites its file once for destructions that come together, and not for none', async () => {
    const store = redisKeyStore({ redis, after: systemTimers.after });
    const rewritings = async () => /^aof_rewrites:(\d+)/m.exec(String(await redis.send('INFO', 'persistence')))?.[1];
    await store.addEpoch(epoch);
    const ids = Array.from({ length: 40 }, (_, index) => `e.${index}`);
    await store.addDataKeys(
      'e',
      ids.map((id) => ({ id, wrapped: `wrapping of ${id}` })),
    );
    const before = Number(await rewritings());
    expect(await Promise.all(ids.map((id) => store.destroyDataKeys([id])))).toEqual(ids.map(() => 1));
    const after = Number(await rewritings());
    expect(after - before).toBeGreaterThan(0);
    expect(after - before).toBeLessThanOrEqual(2);
    expect(await store.destroyDataKeys(ids)).toBe(0);
    expect(Number(await rewritings())).toBe(after);
  });

  it('says when its file is not rewritten in time, and does it when it is asked again', async () => {
    await redis.send('FLUSHALL'); // each key that is there takes its time
    await redis.send('CONFIG', 'SET', 'rdb-key-save-delay', '1000000'); // a second
    const hasty = redisKeyStore({ redis, after: systemTimers.after, rewrittenWithinMs: 100 });
    await hasty.addEpoch(epoch);
    await hasty.addDataKeys('e', [
      { id: 'e.a', wrapped: 'the wrapping that goes' },
      { id: 'e.b', wrapped: 'the wrapping that stays' },
    ]);
    const late = hasty.destroyDataKeys(['e.a']);
    await expect(late).rejects.toBeInstanceOf(KeysUnavailable);
    await expect(late).rejects.toThrow('What was destroyed can be had no more');
    expect(await hasty.find(['e.a'])).toEqual([null]);
    await redis.send('CONFIG', 'SET', 'rdb-key-save-delay', '0');

    const store = redisKeyStore({ redis, after: systemTimers.after, rewrittenWithinMs: 60_000 });
    expect(await store.destroyDataKeys(['e.a']), 'it was gone before').toBe(0);
    const bytes = await filesOf(redis);
    const everything = await bytes?.();
    expect(everything?.includes('the wrapping that goes') ?? false).toBe(false);
    expect(everything?.includes('the wrapping that stays') ?? true).toBe(true);
  });

  it('that stands still is told as unavailable', async () => {
    const slow = await connect({ commandTimeoutMs: 300 });
    const store = redisKeyStore({ redis: slow, after: systemTimers.after });
    await engine.pause();
    try {
      await expect(store.find(['a.b'])).rejects.toBeInstanceOf(KeysUnavailable);
      await expect(store.addEpoch(epoch)).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE' });
    } finally {
      await engine.resume();
    }
  });
});
