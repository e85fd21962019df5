import { once } from 'node:events';
import { connect } from 'node:net';
import { createKeyReport } from '@signalbox/assembly';
import type { CommandContext } from '@signalbox/commands';
import { createHttpApp } from '@signalbox/http';
import { memoryIdempotencyStore, memoryRateLimiter } from '@signalbox/memory';
import type { CredentialRow } from '@signalbox/read-models';
import { createLogger, loadConfig, noMetrics } from '@signalbox/runtime';
import { fakeClock, seededChance, t0, until } from '@signalbox/testing';
import {
  createVault,
  type ExportedStore,
  exportedKeys,
  exportKeys,
  type KeyRing,
  keyRing,
  type Vault,
} from '@signalbox/vault';
import { memoryKeyStore } from '@signalbox/vault/memory';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type KeyRoutesDeps, keyRoutes } from '../src/routes/admin/keys.ts';

const context: CommandContext = {
  metadata: { actor: 'admin:x', correlationId: 'r', causationId: 'r', trace: null, authorisation: null },
  commandId: null,
};

const scopes = { admin: ['admin'], audit: ['audit'], client: ['client'] } as const;

/** The routes on the real HTTP layer; a bearer token is the name of its scope. */
const aServer = async (vault: Vault, rows: readonly CredentialRow[] = [], keyStore: ExportedStore = store) => {
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
  const credentials = {
    all: async function* () {
      yield rows;
    },
  };
  const report = createKeyReport({ vault, store, ring: await vault.secretRing() }, credentials, clock.now);
  await app.register(keyRoutes, {
    ...{
      vault,
      keyStore,
      keyReport: () => report(0),
      recordOperation,
      contextOf: () => context,
      now: clock.now,
    },
  });
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
        { id: current, epochs: 0, credentials: 0 },
        { id: masterKeys[1].id, epochs: 1, credentials: 0 },
      ],
      ...{ unneeded: [], missing: [] },
      epochs: [{ id: 'secrets', startsAt: null, endsAt: null, dataKeys: 0, masterKey: masterKeys[1].id }],
      store: { bytes: expect.any(Number), bound: null },
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

  it('say that a master key is needed by credentials that it seals itself, whatever was rotated', async () => {
    const vault = vaultWith(2, 1);
    await vault.rotate();
    const random = seededChance(9);
    const masterKey = (byte: number) => keyRing([new Uint8Array(32).fill(byte)], random);
    const sealed = (ring: Pick<KeyRing, 'seal'>) => ring.seal(Buffer.from('s3cret'), 'credential/ann');
    const [old, lost, now] = [sealed(masterKey(1)), sealed(masterKey(7)), sealed(await vault.secretRing())];
    const row = (given: Partial<CredentialRow>): CredentialRow => ({
      ...{ name: 'ann', sealedSecret: now, previous: null, issuedAt: 0, expiresAt: t0 + 1, lifetime: 'fixed' },
      ...{ endedAt: null, ...given },
    });
    const { as } = await aServer(vault, [
      row({}),
      row({ sealedSecret: old }),
      row({ sealedSecret: old, previous: { sealedSecret: old, validUntil: t0 + 1 } }),
      row({ previous: { sealedSecret: old, validUntil: t0 + 1 } }),
      // These can't be used any more.
      row({ previous: { sealedSecret: old, validUntil: t0 } }),
      row({ sealedSecret: old, expiresAt: t0 }),
      row({ sealedSecret: old, endedAt: t0 - 1 }),
      row({ sealedSecret: lost }),
    ]);
    const { current, masterKeys, unneeded, missing } = (await as('admin', 'GET', '/v1/admin/keys')).json();
    expect(masterKeys).toEqual([
      { id: current, epochs: 1, credentials: 0 },
      { id: masterKey(1).currentKeyId, epochs: 0, credentials: 3 },
    ]);
    expect(unneeded).toEqual([]);
    expect(missing).toEqual([{ id: masterKey(7).currentKeyId, epochs: 0, credentials: 1 }]);
  });

  it('are sent wrapped, all of them, to the admin scope, which is recorded before', async () => {
    const { as, recorded } = await aServer(vaultWith(2, 1));
    const ids = Array.from({ length: 3_000 }, (_, index) => `e.${index}`);
    await store.addEpoch({ id: 'e', startsAt: 0, endsAt: 1, wrapped: 'wrapped-epoch' });
    await store.addDataKeys(
      'e',
      ids.map((id) => ({ id, wrapped: `wrapped-${id}` })),
    );
    const answer = await as('admin', 'POST', '/v1/admin/keys/exports');
    expect([answer.statusCode, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
      ...[200, 'application/x-ndjson', 'no-store'],
    ]);
    expect(answer.body).toBe((await Array.fromAsync(exportedKeys(exportKeys(store)).lines)).join(''));
    const sent = answer.body
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text).says);
    expect(sent.at(-1)).toEqual({ kind: 'end', epochs: 2, keys: 3_000 });
    expect(sent.slice(0, -1).flatMap(({ keys = [] }) => keys.map(({ id }: { readonly id: string }) => id))).toEqual(
      ids,
    );
    expect(recorded).toEqual([
      [{ type: 'AdminActed', data: { action: 'export keys', target: null, actedAt: t0 } }, context],
    ]);
  });

  describe('whose sending is not over', () => {
    /** A server that sends keys without an end, and whoever has asked for them and read a first piece. */
    const sending = async () => {
      let isOver = false;
      const endless: ExportedStore = {
        epochs: async () => [{ id: 'e', startsAt: 0, endsAt: 1, wrapped: 'wrapped-epoch', dataKeys: 1 }],
        dataKeysOf: async function* () {
          try {
            for (;;) yield [{ id: 'e.1', wrapped: 'w'.repeat(10_000) }];
          } finally {
            isOver = true;
          }
        },
      };
      const { app } = await aServer(vaultWith(2, 1), [], endless);
      onTestFinished(() => app.close());
      const url = await app.listen({ port: 0, host: '127.0.0.1' });
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.write('POST /v1/admin/keys/exports HTTP/1.1\r\nhost: x\r\nauthorization: Bearer admin\r\n\r\n');
      await once(socket, 'readable');
      return { app, socket, isOver: () => isOver };
    };

    it('are read no further when nobody takes them any more', async () => {
      const { socket, isOver } = await sending();
      expect(isOver()).toBe(false);
      socket.destroy();
      await until('the store is left alone', isOver);
    });

    it('do not hold a server that closes, however slowly they are taken', async () => {
      const { app, socket, isOver } = await sending();
      await app.close();
      expect(isOver()).toBe(true);
      let text = '';
      for await (const chunk of socket) text += chunk;
      expect(text).toContain('wrapped-epoch');
      expect(text, 'it does not look whole').not.toMatch(/"kind":"end"|\r\n0\r\n\r\n$/);
    });
  });

  it.each(['audit', 'client'])('are not for the %s scope, nor for nobody', async (scope) => {
    const { app, as, recorded } = await aServer(vaultWith(5, 2, 1));
    for (const [method, url] of [
      ['GET', '/v1/admin/keys'],
      ['POST', '/v1/admin/keys/rotations'],
      ['POST', '/v1/admin/keys/exports'],
    ] as const) {
      expect((await as(scope, method, url)).statusCode).toBe(403);
      expect((await app.inject({ method, url })).statusCode).toBe(401);
    }
    expect(recorded).toEqual([]);
  });
});
