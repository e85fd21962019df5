import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { until } from '@signalbox/testing';
import { type RedisEngine, startOwnRedis } from '@signalbox/testing/engines';
import { connectRedis, RebuildLost, type Redis, redisSessions, ViewsUnavailable } from '@signalbox/views-redis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { script } from '../src/script.ts';
import { generationsOf, switchToEmpty } from './redis.ts';

const ECHO = script(`return { ARGV[1], tonumber(ARGV[2]), false }`);

/** A way to an address on which what was connected before `goDead` is heard no more, and not closed either. */
const aPathTo = async (address: string) => {
  const [host, port] = address.split(':');
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => open.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    goDead: () => {
      for (const socket of open) {
        socket.unpipe();
        socket.pause();
      }
    },
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
};

describe('a connection to Redis', () => {
  let engine: RedisEngine;
  const opened: Redis[] = [];
  beforeAll(async () => {
    const started = await startOwnRedis();
    if (started.kind === 'missing') throw new Error(started.reason);
    engine = started;
  });
  afterAll(() => engine.stop());
  afterEach(async () => {
    for (const redis of opened.splice(0)) await redis.close();
  });

  const open = async (options: Partial<Parameters<typeof connectRedis>[0]> = {}) => {
    const redis = await connectRedis({
      ...{ url: engine.url, namespace: 'connection', instance: 'one', commandTimeoutMs: 500 },
      ...options,
    });
    opened.push(redis);
    return redis;
  };
  const answers = (redis: Redis) =>
    until('Redis answers again', async () => {
      await redis.ping();
      return true;
    });

  it('sends commands and runs scripts, whatever their arguments hold', async () => {
    const redis = await open();
    expect(await redis.send('SET', 'connection:key', 'a\u0000b Ä')).toBe('OK');
    expect(await redis.send('GET', 'connection:key')).toBe('a\u0000b Ä');
    expect(await redis.run(ECHO, ['\r\n', 2 ** 40 + 1])).toEqual(['\r\n', 2 ** 40 + 1, null]);
    expect(redis.fault()).toBeUndefined();
  });

  it('runs a script that the server has forgotten', async () => {
    const redis = await open();
    await redis.run(ECHO, ['x', 1]);
    await redis.send('SCRIPT', 'FLUSH');
    expect(await redis.run(ECHO, ['x', 1])).toEqual(['x', 1, null]);
  });

  it('keeps the arguments of a command out of the errors that it ends with', async () => {
    const redis = await open();
    const failed = await redis
      .run(script(`return redis.error_reply('BROKEN by the script')`), ['secret'])
      .catch((e) => e);
    expect(failed).toBeInstanceOf(Error);
    expect(failed).not.toBeInstanceOf(ViewsUnavailable);
    expect(failed.message).toBe('BROKEN by the script');
    expect(JSON.stringify(failed, Object.getOwnPropertyNames(failed))).not.toContain('secret');
  });

  it.each(['', 'a b', 'a*', 'ä', 'x'.repeat(65)])('refuses the namespace %j', async (namespace) => {
    await expect(open({ namespace })).rejects.toThrow('Not a namespace');
  });

  it('starts without Redis, says so, and finds it once it is there', async () => {
    await engine.kill();
    const troubles: Error[] = [];
    const redis = await open({ onTrouble: (error) => troubles.push(error) });
    expect(redis.fault()).toBeInstanceOf(ViewsUnavailable);
    expect(troubles.length).toBeGreaterThan(0);
    await expect(redis.ping()).rejects.toMatchObject({ code: 'VIEWS_UNAVAILABLE' });
    await engine.start();
    await answers(redis);
    expect(redis.fault()).toBeUndefined();
  });

  it('fails what is under way when Redis is killed, at once, and comes back by itself', async () => {
    const redis = await open();
    const runs = [await redis.runId()];
    expect(await redis.runId()).toBe(runs[0]);
    let connected = 0;
    redis.onConnected(() => connected++);
    const underWay = Promise.allSettled(Array.from({ length: 50 }, () => redis.send('BLPOP', 'connection:none', 0)));
    await redis.send('GET', 'x').catch(() => {});
    await engine.kill();
    for (const outcome of await underWay) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'VIEWS_UNAVAILABLE' } });
    }
    await until('it is noticed', () => redis.fault() !== undefined);
    await expect(redis.runId()).rejects.toThrow(ViewsUnavailable);
    expect(redis.fault()).toBeInstanceOf(ViewsUnavailable);
    await engine.start();
    await answers(redis);
    expect(connected).toBe(1);
    runs.push(await redis.runId());
    expect(runs[1]).toMatch(/^\w{40}$/);
    expect(runs[1]).not.toBe(runs[0]);
  });

  it('fails a command in time when Redis stands still, and goes on when it moves again', async () => {
    const redis = await open();
    await engine.pause();
    await expect(redis.send('GET', 'x')).rejects.toThrow(ViewsUnavailable);
    await engine.resume();
    await answers(redis);
    expect(await redis.send('GET', 'x')).toBeNull();
  });

  it('comes back when its connections are cut, and hears again what is published', async () => {
    const redis = await open();
    const other = await open({ instance: 'other' });
    const heard: string[] = [];
    let resumed = 0;
    const { ready } = redis.subscribe('connection:news', {
      onMessage: (message) => heard.push(message),
      onResumed: () => resumed++,
    });
    await ready;
    await other.send('PUBLISH', 'connection:news', 'first');
    await until('it is heard', () => heard.length === 1);
    await other.send('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await other.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until('it is heard again', () => resumed === 1);
    await answers(redis);
    await other.send('PUBLISH', 'connection:news', 'second');
    await until('it is heard', () => heard.length === 2);
    expect(heard).toEqual(['first', 'second']);
  });

  it('finds a way around a path that has silently gone dead', async () => {
    const path = await aPathTo(engine.address);
    const redis = await open({ url: `redis://${path.address}`, commandTimeoutMs: 300 });
    const heard: string[] = [];
    let resumed = 0;
    const { ready } = redis.subscribe('connection:path', {
      onMessage: (message) => heard.push(message),
      onResumed: () => resumed++,
    });
    await ready;
    path.goDead();
    await expect(redis.send('GET', 'x')).rejects.toThrow(ViewsUnavailable);
    await answers(redis);
    await until('it hears again', () => resumed === 1);
    await redis.send('PUBLISH', 'connection:path', 'news');
    await until('it is heard', () => heard.length === 1);
    await redis.close();
    path.close();
  });

  it('stops hearing what nobody wants to hear any more', async () => {
    const redis = await open();
    const silent = { onMessage: () => {}, onResumed: () => {} };
    const first = redis.subscribe('connection:one', silent);
    const second = redis.subscribe('connection:one', silent);
    await Promise.all([first.ready, second.ready]);
    const listening = async () => {
      const [, count] = (await redis.send('PUBSUB', 'NUMSUB', 'connection:one')) as readonly [string, number];
      return count;
    };
    first.stop();
    first.stop();
    expect(await listening()).toBe(1);
    second.stop();
    await until('nobody listens', async () => (await listening()) === 0);
  });

  it('has views that are away as long as Redis is, and are as they were afterwards', async () => {
    const redis = await open({ namespace: 'views' });
    const generations = generationsOf(redis);
    await switchToEmpty(generations);
    const view = redisSessions(generations.live);
    await view.write([], 12);
    await engine.kill();
    await until('it is noticed', () => redis.fault() !== undefined);
    await expect(view.checkpoint()).rejects.toThrow(ViewsUnavailable);
    await expect(view.write([], 15)).rejects.toThrow(ViewsUnavailable);
    await expect(view.find('one')).rejects.toMatchObject({ code: 'VIEWS_UNAVAILABLE' });
    await engine.start();
    await answers(redis);
    expect(await view.checkpoint()).toBe(12);
    expect(await view.find('one')).toBeUndefined();
  });

  it('does not switch to read models that were filled before Redis was restarted: it may have lost some', async () => {
    const redis = await open({ namespace: 'restarted' });
    const generations = generationsOf(redis);
    const rebuild = await generations.begin();
    if (rebuild === null) throw new Error('Somebody else is rebuilding.');
    await redisSessions(rebuild.keyspace).write([], 12);
    await engine.restart();
    await answers(redis);
    await rebuild.seal();
    await expect(rebuild.switchTo()).rejects.toThrow(RebuildLost);
    expect(rebuild.signal.aborted).toBe(true);
    expect(await generations.current()).toBeNull();
    expect(await switchToEmpty(generations)).not.toBe(rebuild.generation);
  });
});
