import { createHash } from 'node:crypto';
import type { IdempotencyStore } from '@signalbox/http';
import { until } from '@signalbox/testing';
import { redisIdempotencyStore } from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { connect, keysOf } from './redis.ts';

const NOW = 1_760_000_000_000;
const DAY = 86_400_000;

const deriveId = (text: string) => createHash('sha256').update(text).digest('hex');

const claimIn = (store: IdempotencyStore, fingerprint = 'f', scope = 'alice', key = 'k') =>
  store.claim(scope, key, fingerprint, {
    now: NOW,
    expiresAt: NOW + DAY,
    newCommandId: () => {
      throw new Error('It is derived.');
    },
  });

/** An instance that gives no sign of life. */
const silent = () => () => undefined;

const twoInstances = async ({ leaseMs = 60_000 } = {}) => {
  const redis = await connect();
  const others = await connect({ namespace: redis.namespace });
  const [one, other] = [redis, others].map((of) =>
    redisIdempotencyStore({ redis: of, deriveId, leaseMs, after: silent }),
  );
  if (!one || !other) throw new Error('Two were made.');
  return { redis, one, other };
};

const answer = { status: 201, headers: { location: '/v1/sessions/1' }, body: Buffer.from([0, 127, 128, 255]) };

describe('idempotency keys over several instances', () => {
  it('are under way everywhere, and answered everywhere', async () => {
    const { one, other } = await twoInstances();
    const claim = await claimIn(one);
    expect(claim).toEqual({ kind: 'new', commandId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await claimIn(other)).toEqual({ kind: 'in_flight' });
    expect(await claimIn(other, 'g')).toEqual({ kind: 'different' });
    await one.complete('alice', 'k', 'f', answer, NOW + DAY);
    expect(await claimIn(other)).toEqual({ kind: 'answered', answer });
    expect(await claimIn(other, 'g')).toEqual({ kind: 'different' });
  });

  it('are let go of by the instance that holds them alone', async () => {
    const { one, other } = await twoInstances();
    await claimIn(one);
    await other.abandon('alice', 'k');
    expect(await claimIn(other)).toEqual({ kind: 'in_flight' });
    await one.abandon('alice', 'k');
    expect(await claimIn(other)).toMatchObject({ kind: 'new' });
  });

  it('are not held for ever by an instance that died, and go on as the same command for the same only', async () => {
    const { one, other } = await twoInstances({ leaseMs: 100 });
    const claim = await claimIn(one);
    const next = await until('the lease is over', async () => {
      expect(await claimIn(other, 'g')).toEqual({ kind: 'different' });
      const again = await claimIn(other);
      return again.kind === 'new' && again;
    });
    expect(next).toEqual(claim);
  });

  it('lead to the same command when Redis has lost them, and to another for anything else', async () => {
    const { redis, one, other } = await twoInstances();
    const claim = await claimIn(one);
    const ids = [claim];
    for (const [fingerprint, scope, key] of [
      ['g', 'alice', 'k'],
      ['f', 'bob', 'k'],
      ['f', 'alice', 'k2'],
      ['f', 'alic', 'ek'],
      ['kf', 'alice', ''],
    ] as const) {
      await redis.send('UNLINK', ...(await keysOf(redis)));
      ids.push(await claimIn(other, fingerprint, scope, key));
    }
    expect(new Set(ids.map((one) => (one.kind === 'new' ? one.commandId : one.kind))).size).toBe(6);
    await redis.send('UNLINK', ...(await keysOf(redis)));
    expect(await claimIn(other)).toEqual(claim);
  });

  it('leave nothing behind once they have expired', async () => {
    const { redis, one } = await twoInstances({ leaseMs: 50 });
    for (let i = 0; i < 700; i++) await claimIn(one, 'f', 'alice', `k${i}`);
    expect(await one.sweep(NOW + DAY + 1)).toBe(700);
    await until('the leases are over', async () => (await keysOf(redis)).length === 0);
  });
});
