import type { CommandContext, Erased, ErasureTarget } from '@signalbox/commands';
import { createHttpApp } from '@signalbox/http';
import { memoryIdempotencyStore, memoryRateLimiter } from '@signalbox/memory';
import { createLogger, loadConfig, noMetrics } from '@signalbox/runtime';
import { fakeClock, seededChance, t0 } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { erasureRoutes } from '../src/routes/admin/erasures.ts';

const scopes = { admin: ['admin'], audit: ['audit'], client: ['client'] } as const;

const erased: Erased = { erasureId: 'erasure-1', sessions: 2, credentials: 1, dataKeys: 3, completedAt: t0 };

/** The route on the real HTTP layer; a bearer token is the name of its scope. The erasure is a double. */
const aServer = async () => {
  const loaded = loadConfig({ SIGNALBOX_RATE_LIMITS: 'off' }, () => '');
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const clock = fakeClock(t0);
  const asked: (readonly [ErasureTarget, string | null])[] = [];
  const app = await createHttpApp({
    ...{ config: loaded.ok, tls: null, title: 'Signalbox', description: 'For tests.', sections: ['admin'] },
    ...{ version: '1.2.3', instance: 'test-1', onSessionProblem: () => {}, checks: [] },
    authenticate: async ({ headers }) => {
      const scope = String(headers.authorization).replace('Bearer ', '') as keyof typeof scopes;
      const authorisation = {
        ...{ scheme: 'admin' as const, key: scope, algorithm: null, nonce: null, timestamp: null, signature: null },
        signedTextHash: null,
      };
      return { kind: 'caller', caller: { identity: `admin:${scope}`, scopes: new Set(scopes[scope]), authorisation } };
    },
    ...{ rateLimiter: memoryRateLimiter(), idempotency: memoryIdempotencyStore(), load: { overloaded: () => false } },
    telemetry: { metrics: noMetrics, tracing: null, renderMetrics: async () => '' },
    logger: createLogger({ level: 'silent', instance: 'test-1', pretty: false }),
    ...{ clock, timers: clock, chance: seededChance(7), checkResponses: true },
  });
  await app.register(erasureRoutes, {
    erasure: {
      erase: async (target, context: CommandContext) => {
        asked.push([target, context.commandId]);
        return Object.values(target).includes('unknown') ? null : erased;
      },
    },
    contextOf: (request) => ({
      metadata: { actor: 'admin:x', correlationId: 'r', causationId: 'r', trace: null, authorisation: null },
      commandId: request.commandId,
    }),
  });
  const post = (scope: string | null, payload: object, headers: Readonly<Record<string, string>> = {}) =>
    app.inject({
      ...{ method: 'POST', url: '/v1/admin/erasures', payload },
      headers: { ...headers, ...(scope !== null && { authorization: `Bearer ${scope}` }) },
    });
  return { post, asked };
};

describe('erasures, over HTTP', () => {
  it('are done for the admin scope, of a session or of an identity', async () => {
    const { post, asked } = await aServer();
    for (const target of [{ sessionId: 's-1' }, { identity: 'alice' }]) {
      const answer = await post('admin', target);
      expect([answer.statusCode, answer.json()]).toEqual([201, erased]);
    }
    expect(asked).toEqual([
      [{ sessionId: 's-1' }, null],
      [{ identity: 'alice' }, null],
    ]);
  });

  it('are one under one idempotency key', async () => {
    const { post, asked } = await aServer();
    const key = { 'idempotency-key': 'k-1' };
    const [first, again] = [
      await post('admin', { identity: 'alice' }, key),
      await post('admin', { identity: 'alice' }, key),
    ];
    expect([first.statusCode, again.statusCode, again.json()]).toEqual([201, 201, first.json()]);
    expect(asked).toEqual([[{ identity: 'alice' }, expect.any(String)]]);
  });

  it('say when there is nothing to erase', async () => {
    const { post } = await aServer();
    const session = await post('admin', { sessionId: 'unknown' });
    expect([session.statusCode, session.json().code]).toEqual([404, 'OFFER_NOT_FOUND']);
    const identity = await post('admin', { identity: 'unknown' });
    expect([identity.statusCode, identity.json().code]).toEqual([404, 'CREDENTIAL_NOT_FOUND']);
  });

  it('take one target, and no other scope', async () => {
    const { post, asked } = await aServer();
    for (const body of [{}, { sessionId: 's', identity: 'i' }, { sessionId: '' }, { session: 's' }]) {
      expect((await post('admin', body)).statusCode).toBe(400);
    }
    for (const scope of ['audit', 'client']) expect((await post(scope, { sessionId: 's' })).statusCode).toBe(403);
    expect((await post(null, { sessionId: 's' })).statusCode).toBe(401);
    expect(asked).toEqual([]);
  });
});
