import { systemChance } from '@signalbox/runtime';
import { until } from '@signalbox/testing';
import type {} from '@signalbox/testing/engines/setup';
import { connectRedis, type RebuildRequests, type Redis, redisRebuildRequests } from '@signalbox/views-redis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signalbox } from '../fixtures.ts';

const redisUrl = inject('redisUrl') ?? '';

describe.skipIf(redisUrl === '')('signalbox rebuild', () => {
  const namespace = `t-${systemChance.uuid().slice(0, 13)}`;
  const env = { SIGNALBOX_REDIS_URL: redisUrl, SIGNALBOX_NAMESPACE: namespace };
  let redis: Redis;
  let requests: RebuildRequests;
  beforeAll(async () => {
    redis = await connectRedis({ url: redisUrl, namespace, instance: 'a projector' });
    requests = redisRebuildRequests(redis);
  });
  afterAll(() => redis.close());

  /** A stand-in for a projector: takes the request up, and reports so. */
  const projector = async (...reports: readonly Parameters<RebuildRequests['report']>[0][]) => {
    await until('it is asked for', () => requests.take());
    for (const report of reports) await requests.report(report);
  };

  it('asks the projectors, and leaves', async () => {
    const asked = await signalbox(['rebuild'], { env });
    expect(asked).toEqual({
      ...{ code: 0, stdout: '' },
      stderr: 'Asked. A projector will take it up; with --wait, this waits until it is done.\n',
    });
    expect(await requests.latest()).toEqual({ state: 'waiting', events: 0, position: 0, head: 0 });
    expect(await requests.take()).toBe(true);
    expect(await requests.take(), 'it is asked for once').toBe(false);
  });

  it('--wait waits until they are live', async () => {
    const waiting = signalbox(['rebuild', '--wait'], { env });
    await projector({ state: 'running', events: 5, position: 50, head: 100 });
    let done = false;
    void waiting.then(() => {
      done = true;
    });
    expect(done).toBe(false);
    await requests.report({ state: 'done', events: 1_234, position: 4_567, head: 4_567 });
    expect(await waiting).toEqual({
      ...{ code: 0, stdout: '' },
      stderr: 'Built from 1,234 events, up to position 4567. The read models are live.\n',
    });
  });

  it('--wait fails when they cannot be built', async () => {
    const waiting = signalbox(['rebuild', '--wait'], { env });
    await projector({ state: 'failed', events: 5, position: 50, head: 100 });
    expect(await waiting).toEqual({
      ...{ code: 1, stdout: '' },
      stderr:
        'It failed after 5 events; the old read models are live as before. The log of the projector says why. Mend it, and ask again.\n',
    });
  });

  it('--wait tells what to do when no projector begins, and when one falls silent', async () => {
    /** A clock on which each look takes a second. */
    const hasty = () => {
      let now = 0;
      return {
        clock: { now: () => now, monotonic: () => now },
        timers: {
          after: (_ms: number, work: () => void) => {
            now += 1_000;
            queueMicrotask(work);
            return () => {};
          },
        },
      };
    };
    const nobody = await signalbox(['rebuild', '--wait'], { env, ...hasty() });
    expect(nobody).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: `No projector has taken it up for 60 seconds. Is one running, with this Redis and with SIGNALBOX_NAMESPACE=${namespace}, and what does its /ready say? It stays asked for: one that starts takes it up.\n`,
    });
    await projector({ state: 'running', events: 1, position: 1, head: 9 });
    // What it reported last is there when the next one asks, and is put in its place by the asking.
    const silent = signalbox(['rebuild', '--wait'], { env, ...hasty() });
    expect(await silent).toMatchObject({ code: 1, stderr: /^No projector has taken it up/ });
    expect(await requests.take()).toBe(true);
  });
});

it('a Redis that is away is told, without its password', async () => {
  const away = await signalbox(['rebuild', '--redis', 'redis://default:changeit@127.0.0.1:1']);
  expect(away).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/Redis/) });
  expect(away.stderr).not.toContain('changeit');
});
