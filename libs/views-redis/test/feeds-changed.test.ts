import { settle, until } from '@signalbox/testing';
import type { RedisEngine } from '@signalbox/testing/engines';
import { type Redis, redisFeeds, redisWholeness } from '@signalbox/views-redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aLog, namesIn } from './feeds-log.ts';
import { ownRedis } from './own-redis.ts';
import { connect, generationsOf, switchToEmpty } from './redis.ts';

const LOG_ID = '0a1b2c3d-0000-4000-8000-000000000000';

/** A query instance and a projector, each with a connection of its own. */
const aStack = async (url?: string) => {
  const at = url === undefined ? {} : { url };
  const redis = await connect(at);
  const projector = await connect({ namespace: redis.namespace, ...at });
  const feedsOf = (of: Redis) => redisFeeds(generationsOf(of).live, { logId: async () => LOG_ID });
  const generations = generationsOf(projector);
  await switchToEmpty(generations);
  return { redis, projector, generations, log: aLog(), feeds: feedsOf(redis).feeds, view: feedsOf(projector).view };
};

type Stack = Awaited<ReturnType<typeof aStack>>;

/** Waits as a long poll does: from where the feed ends now. */
const waiting = async ({ feeds }: Stack, recipient: string) => {
  const { point } = await feeds.read(recipient, null, 1_000);
  const controller = new AbortController();
  const state = { hasEnded: false };
  const ended = feeds.changed(recipient, point, controller.signal).finally(() => {
    state.hasEnded = true;
  });
  return { point, ended, state, abort: () => controller.abort() };
};

/** The channels that anybody in the namespace listens to. */
const channels = async ({ redis }: Stack) =>
  ((await redis.send('PUBSUB', 'CHANNELS', `${redis.namespace}:*`)) as readonly string[])
    .map((channel) => channel.slice(redis.namespace.length + 1))
    .toSorted();

const heard = (stack: Stack, ...recipients: readonly string[]) =>
  until('it is listened to', async () => {
    const wanted = ['generation', ...recipients.map((recipient) => `feed:${recipient}`)].toSorted();
    return JSON.stringify(await channels(stack)) === JSON.stringify(wanted);
  });

describe('waiting for a feed of another process', () => {
  it('ends when something comes, for whom it is for, and listens no longer than somebody waits', async () => {
    const stack = await aStack();
    const { log, view, feeds } = stack;
    expect(await channels(stack)).toEqual([]);
    const alices = [await waiting(stack, 'alice'), await waiting(stack, 'alice')];
    const carol = await waiting(stack, 'carol');
    await heard(stack, 'alice', 'carol');
    await log.show(view, log.call('one'));
    for (const { ended, point } of alices) {
      await ended;
      expect(namesIn((await feeds.read('alice', point, 10)).items)).toEqual(['answered']);
    }
    await heard(stack, 'carol');
    await settle();
    expect(carol.state.hasEnded).toBe(false);
    carol.abort();
    await carol.ended;
    await until('nobody listens', async () => (await channels(stack)).length === 0);
  });

  it('misses nothing that comes while it begins', async () => {
    const stack = await aStack();
    const { log, view, feeds } = stack;
    log.call('one');
    await log.show(view);
    for (let i = 0; i < 40; i++) {
      const { point } = await feeds.read('alice', null, 1_000);
      const shown = log.show(view, log.candidate('one', `c${i}`));
      await feeds.changed('alice', point, new AbortController().signal);
      await shown;
      expect(namesIn((await feeds.read('alice', point, 10)).items)).toEqual([`c${i}`]);
    }
  });

  it('is not ended by what the reader has seen already', async () => {
    const stack = await aStack();
    await stack.log.show(stack.view, stack.log.call('one'));
    const wait = await waiting(stack, 'alice');
    await heard(stack, 'alice');
    const channel = `${stack.redis.namespace}:feed:alice`;
    const numbering = wait.point.epoch.slice('0a1b2c3d-'.length);
    await stack.projector.send('PUBLISH', channel, `${numbering} ${wait.point.sequence}`);
    await stack.redis.ping();
    await settle();
    expect(wait.state.hasEnded).toBe(false);
    wait.abort();
    await wait.ended;
  });

  it('ends when another generation becomes the live one, and not while that is being filled', async () => {
    const stack = await aStack();
    const { log, view, feeds, generations } = stack;
    await log.show(view, log.call('one'));
    const wait = await waiting(stack, 'alice');
    await heard(stack, 'alice');
    const rebuild = await generations.begin();
    if (rebuild === null) throw new Error('Somebody else is rebuilding.');
    await log.show(redisFeeds(rebuild.keyspace, { logId: async () => LOG_ID }).view);
    await stack.redis.ping();
    await settle();
    expect(wait.state.hasEnded).toBe(false);
    await rebuild.seal();
    await rebuild.switchTo();
    await wait.ended;
    expect(await feeds.read('alice', wait.point, 10)).toMatchObject({ items: [], recovered: true });
    await expect(feeds.changed('alice', wait.point, new AbortController().signal)).resolves.toBeUndefined();
  });

  it('wakes each of very many by itself', async () => {
    const stack = await aStack();
    const { log, view } = stack;
    const names = Array.from({ length: 300 }, (_, i) => `user ${i}`);
    const waits = await Promise.all(names.map((name) => waiting(stack, name)));
    await heard(stack, ...names);
    for (const [i, name] of names.slice(0, 150).entries()) log.call(`call-${i}`, name);
    await log.show(view);
    await Promise.all(waits.slice(0, 150).map(({ ended }) => ended));
    expect(waits.map(({ state }) => state.hasEnded)).toEqual(names.map((_, i) => i < 150));
    for (const { abort } of waits) abort();
    await Promise.all(waits.map(({ ended }) => ended));
  });
});

describe('waiting while Redis is restarted', () => {
  let server: RedisEngine;
  beforeAll(async () => {
    server = await ownRedis();
  });
  afterAll(() => server.stop());

  it('goes on, and ends for what comes afterwards', async () => {
    const stack = await aStack(server.url);
    const { log, view, feeds, generations } = stack;
    await log.show(view, log.call('one'));
    const wait = await waiting(stack, 'alice');
    await heard(stack, 'alice');
    await server.restart();
    await heard(stack, 'alice');
    expect(wait.state.hasEnded).toBe(false);
    log.candidate('one', 'later');
    await until('the projector can write again', async () => {
      const wholeness = redisWholeness(generations.live);
      await wholeness.isWhole(await wholeness.runId(), 0); // nothing was lost
      await log.show(view);
      return true;
    });
    await wait.ended;
    expect(namesIn((await feeds.read('alice', wait.point, 10)).items)).toEqual(['later']);
  });

  it('ends for what came while its own connection was away', async () => {
    const stack = await aStack(server.url);
    const { log, view, feeds, projector } = stack;
    await log.show(view, log.call('one'));
    const wait = await waiting(stack, 'alice');
    await heard(stack, 'alice');
    const events = log.candidate('one', 'meanwhile');
    // Nothing of this is heard: the listening connection is cut right before.
    await projector.send('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await log.show(view, events);
    await wait.ended;
    expect(namesIn((await feeds.read('alice', wait.point, 10)).items)).toEqual(['meanwhile']);
  });

  it('ends when Redis came back empty and the feeds were built again', async () => {
    const stack = await aStack(server.url);
    const { log, view, redis, generations } = stack;
    await log.show(view, log.call('one'));
    const wait = await waiting(stack, 'alice');
    await heard(stack, 'alice');
    await redis.send('FLUSHALL');
    await server.restart();
    await heard(stack, 'alice');
    expect(wait.state.hasEnded).toBe(false);
    await until('it can be built again', async () => switchToEmpty(generations));
    await wait.ended;
  });
});
