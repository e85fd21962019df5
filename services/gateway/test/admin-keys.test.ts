import type { CommandContext } from '@signalbox/commands';
import { createHttpApp } from '@signalbox/http';
import { memoryIdempotencyStore, memoryRateLimiter } from '@signalbox/memory';
import { createLogger, loadConfig, noMetrics } from '@signalbox/runtime';
import { fakeClock, seededChance, t0 } from '@signalbox/testing';
import { createVault, type Vault } from '@signalbox/vault';
import { memoryKeyStore } from '@signalbox/vault/memory';
import { describe, expect, it } from 'vitest';
import { type KeyRoutesDeps, keyRoutes } from '../src/routes/admin/keys.ts';

const context: CommandContext = {
  metadata: { actor: 'admin:x', correlationId: 'r', causationId: 'r', trace: null, authorisation: null },
  commandId: null,
};

const scopes = { admin: ['admin'], audit: ['audit'], client: ['client'] } as const;

/** The routes on the real HTTP layer; a bearer token is the name of its scope. */
const aServer = async (vault: Vault) => {
  const loaded = loadConfig({ SIGNALBOX_RATE_LIMITS: 'off' }, () => '');
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const clock = fakeClock(t0);
  const recorded: unknown[] = [];
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
  const recordOperation: KeyRoutesDeps['recordOperation'] = async (...what) => void recorded.push(what);
  await app.register(keyRoutes, { vault, recordOperation, contextOf: () => context, now: clock.now });
  const as = (scope: string, method: 'GET' | 'POST', url: string) =>
    app.inject({ method, url, headers: { authorization: `Bearer ${scope}` } });
  return { app, as, recorded };
};

const store = memoryKeyStore();
const vaultWith = (...masterKeys: readonly number[]) =>
  createVault({
    ...{ store, now: () => t0, chance: seededChance(3), epochMs: 3_600_000 },
    masterKeys: masterKeys.map((byte) => new Uint8Array(32).fill(byte)),
  });

describe('the keys, over HTTP', () => {
  it('are shown and rotated for the admin scope, and a rotation that changed something is recorded once', async () => {
    await vaultWith(1).secretRing();
    const { as, recorded } = await aServer(vaultWith(2, 1));
    const before = await as('admin', 'GET', '/v1/admin/keys');
    expect(before.statusCode).toBe(200);
    const { current, masterKeys } = before.json();
    expect(before.json()).toEqual({
      current,
      masterKeys: [
        { id: current, epochs: 0 },
        { id: masterKeys[1].id, epochs: 1 },
      ],
      ...{ unneeded: [], missing: [] },
      epochs: [{ id: 'secrets', startsAt: null, endsAt: null, dataKeys: 0, masterKey: masterKeys[1].id }],
    });
    const rotated = await as('admin', 'POST', '/v1/admin/keys/rotations');
    expect([rotated.statusCode, rotated.json()]).toEqual([200, { to: current, rewrapped: 1, total: 1 }]);
    const again = await as('admin', 'POST', '/v1/admin/keys/rotations');
    expect(again.json()).toEqual({ to: current, rewrapped: 0, total: 1 });
    expect(recorded).toEqual([
      [{ type: 'MasterKeyRotated', data: { to: current, rewrapped: 1, rotatedAt: t0 } }, context],
    ]);
    expect((await as('admin', 'GET', '/v1/admin/keys')).json().unneeded).toEqual([masterKeys[1].id]);
  });

  it.each(['audit', 'client'])('are not for the %s scope, nor for nobody', async (scope) => {
    const { app, as, recorded } = await aServer(vaultWith(5, 2, 1));
    for (const [method, url] of [
      ['GET', '/v1/admin/keys'],
      ['POST', '/v1/admin/keys/rotations'],
    ] as const) {
      expect((await as(scope, method, url)).statusCode).toBe(403);
      expect((await app.inject({ method, url })).statusCode).toBe(401);
    }
    expect(recorded).toEqual([]);
  });
});
