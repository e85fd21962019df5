import { auditIndexContract } from '@signalbox/conformance';
import { redisAuditIndex } from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { aReadSide, keysOf } from './redis.ts';

auditIndexContract('Redis', async () => redisAuditIndex((await aReadSide()).live));

describe('the audit index in Redis', () => {
  it('leaves nothing of a session in any key when it is forgotten, also when its events come late', async () => {
    const { live, redis } = await aReadSide();
    const made = redisAuditIndex(live);
    const row = {
      ...{ sessionId: 'gone', publisher: 'alice', answerer: 'bob', visitors: ['carol'], tags: ['a'], traces: ['t'] },
      ...{ service: null, publishedAt: 1_000, endedAt: 2_000, state: 'expired', redacted: false },
    } as const;
    const change = { stream: 'session-gone', after: -1, revision: 0, position: 5, recordedAt: 1_000, row, out: [] };
    await made.sessions.write([change as never], 5);
    expect(await made.forget(3_000)).toBe(1);
    await made.sessions.write([change as never], 5);
    expect(await keysOf(redis, '*recorded-sessions:by:*')).toEqual([]);
  });
});
