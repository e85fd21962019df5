import { fakeClock, t0, until } from '@signalbox/testing';
import type { RedisEngine } from '@signalbox/testing/engines';
import { type Redis, redisNonceStore } from '@signalbox/views-redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownRedis } from './own-redis.ts';
import { connect, keysOf } from './redis.ts';

const WINDOW_MS = 60_000;

/** As a nonce guard claims: a request of one key, signed at a time. */
const claimer = (redis: Redis, clock: { readonly now: () => number }) => {
  const store = redisNonceStore({ redis, now: clock.now, windowMs: WINDOW_MS });
  return {
    ...{ store, redis },
    claim: (nonce: string, signedAt = clock.now()) =>
      store.claim('key', nonce, { expiresAt: signedAt + WINDOW_MS + 1, durable: signedAt >= clock.now() }),
  };
};

/** Two instances that see the same Redis. */
const twoInstances = async (url?: string) => {
  const clock = fakeClock(t0);
  const one = claimer(await connect(url === undefined ? {} : { url }), clock);
  const other = claimer(
    await connect({ namespace: one.redis.namespace, ...(url === undefined ? {} : { url }) }),
    clock,
  );
  await until('the store is there', async () => (await keysOf(one.redis)).includes(known(one.redis)));
  return { clock, one, other };
};

const known = (redis: Redis) => `${redis.namespace}:nonces:known`;

const isKept = async ({ redis }: { readonly redis: Redis }, nonce: string) =>
  (await redis.send('ZSCORE', `${redis.namespace}:nonces:used`, `3:key${nonce}`)) !== null;

/** From now on whatever Redis is told is lost when it dies. */
const stopWriting = (redis: Redis) => redis.send('CONFIG', 'SET', 'appendonly', 'no');

const isBack = async ({ redis }: { readonly redis: Redis }) => {
  await redis.ping();
  return true;
};

describe('nonces over several instances', () => {
  it('are granted to exactly one of many requests, whichever instances they come to', async () => {
    const { one, other } = await twoInstances();
    for (let round = 0; round < 20; round++) {
      const claims = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? one : other).claim(`nonce ${round}`));
      expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1);
    }
  });

  it('are known to an instance that starts later, which still takes what was signed before its start', async () => {
    const { clock, one } = await twoInstances();
    expect(await one.claim('used')).toBe(true);
    const signedAt = clock.now();
    await clock.advance(5_000);
    const late = claimer(await connect({ namespace: one.redis.namespace }), clock);
    expect(await late.claim('used', signedAt)).toBe(false);
    expect(await late.claim('unused', signedAt)).toBe(true);
  });

  it('are granted to the first request of all', async () => {
    const { one } = await twoInstances();
    expect(await one.claim('first')).toBe(true);
  });

  it('are refused to what was signed before there was a store', async () => {
    const { clock, one, other } = await twoInstances();
    expect(await one.claim('captured', clock.now() - 1)).toBe(false);
    expect(await other.claim('captured', clock.now() - 1)).toBe(false);
    expect(await other.claim('captured', clock.now())).toBe(true);
  });
});

describe('nonces when Redis has lost some', () => {
  let server: RedisEngine;
  beforeAll(async () => {
    server = await ownRedis();
  });
  afterAll(() => server.stop());

  it('stay used over a restart that lost them, for every instance', async () => {
    const { clock, one, other } = await twoInstances(server.url);
    await stopWriting(one.redis);
    const signedAt = clock.now();
    for (const nonce of ['a', 'b']) expect(await one.claim(nonce, signedAt)).toBe(true);
    await clock.advance(2_000);
    await server.restart();
    for (const instance of [one, other]) await until('it is back', () => isBack(instance));
    expect(await isKept(one, 'a')).toBe(false);
    for (const nonce of ['a', 'b']) {
      expect(await other.claim(nonce, signedAt)).toBe(false);
      expect(await one.claim(nonce, signedAt)).toBe(false);
    }
    expect(await other.claim('new')).toBe(true);
    expect(await one.claim('new')).toBe(false);
  });

  it('stay used too where they were signed ahead of the clocks', async () => {
    const { clock, one, other } = await twoInstances(server.url);
    await stopWriting(one.redis);
    const signedAt = clock.now() + 30_000;
    expect(await one.claim('ahead', signedAt)).toBe(true);
    await clock.advance(2_000);
    await server.restart();
    for (const instance of [one, other]) await until('it is back', () => isBack(instance));
    await until('Redis was told again', () => isKept(one, 'ahead'));
    expect(await other.claim('ahead', signedAt)).toBe(false);
    expect(await one.claim('ahead', signedAt)).toBe(false);
  });

  it('are refused to what was signed before Redis was found emptied, and granted from then on', async () => {
    const { clock, one, other } = await twoInstances();
    const signedAt = clock.now();
    expect(await one.claim('used', signedAt)).toBe(true);
    expect(await one.claim('ahead', signedAt + 10_000)).toBe(true);
    await clock.advance(3_000);
    await one.redis.send('UNLINK', ...(await keysOf(one.redis)));
    expect(await other.claim('used', signedAt)).toBe(false);
    expect(await other.claim('unused', signedAt + 2_999)).toBe(false);
    expect(await other.claim('unused', signedAt + 3_000)).toBe(true);
    expect(await one.claim('ahead', signedAt + 10_000)).toBe(false);
    expect(await one.claim('another')).toBe(true);
    await until('Redis was told again', () => isKept(one, 'ahead'));
    expect(await other.claim('ahead', signedAt + 10_000)).toBe(false);
  });

  it('tells Redis again of thousands of them', async () => {
    const { clock, one, other } = await twoInstances();
    const nonces = Array.from({ length: 2_500 }, (_, i) => `n${i}`);
    const signedAt = clock.now() + 20_000;
    expect((await Promise.all(nonces.map((nonce) => one.claim(nonce, signedAt)))).every(Boolean)).toBe(true);
    await clock.advance(1);
    await one.redis.send('UNLINK', ...(await keysOf(one.redis)));
    expect(await one.claim('another')).toBe(true);
    await until('Redis was told again', () => isKept(one, 'n2499'));
    expect((await Promise.all(nonces.map((nonce) => other.claim(nonce, signedAt)))).some(Boolean)).toBe(false);
  });
});

describe('forgetting nonces', () => {
  it('waits until they have expired by the clock of Redis too', async () => {
    const { one } = await twoInstances();
    const [seconds] = (await one.redis.send('TIME')) as readonly [string, string];
    const now = Number(seconds) * 1_000;
    expect(await one.claim('used', now)).toBe(true);
    expect(await one.store.sweep(now + 3_600_000)).toBe(0);
    expect(await isKept(one, 'used')).toBe(true);
  });

  it('removes however many in calls of a bounded size', async () => {
    const { clock, one } = await twoInstances();
    const nonces = Array.from({ length: 1_234 }, (_, i) => `n${i}`);
    await Promise.all(nonces.map((nonce) => one.claim(nonce)));
    expect(await one.store.sweep(clock.now() + WINDOW_MS + 2)).toBe(1_234);
    expect(await one.store.sweep(clock.now() + WINDOW_MS + 2)).toBe(0);
  });
});
