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

  /** A clock on which each look takes so many milliseconds, once it has been let go. */
  const hasty = (eachLookMs: () => number) => {
    let now = 0;
    const after = (_ms: number, work: () => void) => {
      now += eachLookMs();
      queueMicrotask(work);
      return () => {};
    };
    return { clock: { now: () => now, monotonic: () => now }, timers: { after } };
  };

  it('--wait tells what to do when no projector begins', async () => {
    const nobody = await signalbox(['rebuild', '--wait'], { env, ...hasty(() => 1_000) });
    expect(nobody).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: `No projector has taken it up for 60 seconds. Is one running, with this Redis and with SIGNALBOX_NAMESPACE=${namespace}, and what does its /ready say? It stays asked for: one that starts takes it up.\n`,
    });
    expect(await requests.take(), 'it stays asked for').toBe(true);
  });

  it('--wait tells what to do when the projector that began falls silent', async () => {
    let eachLookMs = 0;
    const waiting = signalbox(['rebuild', '--wait', '--progress'], { env, ...hasty(() => eachLookMs) });
    await projector({ state: 'running', events: 1, position: 3, head: 9 });
    eachLookMs = 1_000;
    expect(await waiting).toMatchObject({
      ...{ code: 1, stdout: '' },
      stderr: expect.stringMatching(
        /^(Rebuilding 33 % {2}position 3 of 9\n)+The projector that builds them has said nothing for 60 seconds\. See its log and its \/ready\. When it has ended, ask again\.\n$/,
      ),
    });
  });
});

it('a Redis that is away is told, without its password', async () => {
  const away = await signalbox(['rebuild', '--redis', 'redis://default:changeit@127.0.0.1:1']);
  expect(away).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/Redis/) });
  expect(away.stderr).not.toContain('changeit');
});
