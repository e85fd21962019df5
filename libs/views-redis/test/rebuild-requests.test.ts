import { redisRebuildRequests } from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { connect } from './redis.ts';

describe('requests for a rebuild', () => {
  it('are taken up once, under the name that they were given', async () => {
    const redis = await connect();
    const requests = redisRebuildRequests(redis);
    expect([await requests.latest(), await requests.latestId(), await requests.take()]).toEqual([null, null, false]);
    await requests.ask('r-1');
    expect(await requests.latest()).toEqual({ state: 'waiting', events: 0, position: 0, head: 0 });
    const other = redisRebuildRequests(await connect({ namespace: redis.namespace }));
    expect([await other.latestId(), await other.take(), await requests.take()]).toEqual(['r-1', true, false]);
  });

  it('keep nobody waiting for a process that is gone: who runs one says so every minute', async () => {
    const redis = await connect();
    const requests = redisRebuildRequests(redis);
    const keptMs = async () => Number(await redis.send('PTTL', `${redis.namespace}:rebuild-report`));
    await requests.report({ state: 'running', events: 1, position: 1, head: 2 });
    expect(await keptMs()).toBeLessThanOrEqual(60_000);
    await requests.report({ state: 'done', events: 2, position: 2, head: 2 });
    expect(await keptMs()).toBeGreaterThan(3_600_000);
  });
});
