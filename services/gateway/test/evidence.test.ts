import { evidenceSeed, fillWithEvidence } from '@signalbox/conformance';
import {
  checkProof,
  createLocator,
  equal,
  isConsistent,
  memoryTileStore,
  openCheckpoint,
  originOf,
  recordedCheckpoints,
  rootFromInclusion,
  signerKey,
} from '@signalbox/evidence';
import { createHttpApp } from '@signalbox/http';
import { memoryEventLog, memoryIdempotencyStore, memoryRateLimiter } from '@signalbox/memory';
import { createLogger, loadConfig, noMetrics } from '@signalbox/runtime';
import { fakeClock, scanningHistory, seededChance, t0 } from '@signalbox/testing';
import { expect, it, onTestFinished } from 'vitest';
import { auditEvidence } from '../src/routes/audit/evidence.ts';

const bytes = (text: string) => Buffer.from(text, 'hex');

/** The routes on the real HTTP layer, over a log in memory with 120 events and their checkpoints. */
const aServer = async () => {
  const loaded = loadConfig({ SIGNALBOX_RATE_LIMITS: 'off' }, () => '');
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const [clock, chance] = [fakeClock(t0), seededChance(3)];
  const log = memoryEventLog({ now: clock.now, id: 'log-1' });
  const tiles = memoryTileStore();
  const signer = signerKey(originOf(log.id), evidenceSeed);
  await fillWithEvidence(log, tiles, 120);
  const history = scanningHistory(log);
  const app = await createHttpApp({
    ...{ config: loaded.ok, tls: null, title: 'Signalbox', description: 'For tests.', sections: ['audit'] },
    ...{ onSessionProblem: () => undefined, version: '1.2.3', instance: 'test-1' },
    authenticate: async ({ headers }) => {
      const scopes = new Set([String(headers.authorization).split(' ')[1]]);
      return { kind: 'caller', caller: { identity: 'the-auditor', scopes, proof: null } as never };
    },
    ...{ rateLimiter: memoryRateLimiter(), idempotency: memoryIdempotencyStore(), checks: [] },
    load: { overloaded: () => false },
    telemetry: { metrics: noMetrics, tracing: null, renderMetrics: async () => '' },
    logger: createLogger({ level: 'silent', instance: 'test-1', pretty: false }),
    ...{ clock, timers: clock, chance, checkResponses: true },
  });
  await app.register(auditEvidence, {
    ...{ logId: log.id, keys: [signer], log, tiles },
    find: (eventId, position) =>
      position === undefined ? history.find(eventId) : createLocator({ log, tiles }).find(eventId, position),
    checkpoints: recordedCheckpoints({ readBack: history.readBack, origin: originOf(log.id), keys: [signer] }),
  });
  await app.ready();
  onTestFinished(() => app.close());
  const get = async (url: string, scope = 'audit') => {
    const answer = await app.inject({ method: 'GET', url, headers: { authorization: `Bearer ${scope}` } });
    const isJson = String(answer.headers['content-type']).includes('json');
    return { status: answer.statusCode, body: isJson ? answer.json() : answer.body, headers: answer.headers };
  };
  return { get, log, tiles, signer };
};

it('gives checkpoints, newest first, and what verifies them', async () => {
  const { get, signer } = await aServer();
  const { status, body } = await get('/v1/audit/checkpoints?limit=2');
  expect(status).toBe(200);
  expect(body).toMatchObject({ origin: 'signalbox/log-1', keys: [{ keyId: signer.keyId, publicKey: signer.text }] });
  expect(body.checkpoints.map(({ size }: { readonly size: number }) => size)).toEqual([120, 81]);
  const rest = await get(`/v1/audit/checkpoints?cursor=${body.cursor}`);
  expect(rest.body).toMatchObject({ checkpoints: [{ size: 40, position: 40 }], cursor: null });
  const latest = await get('/v1/audit/checkpoints/latest');
  expect(latest.headers['content-type']).toContain('text/plain');
  expect(openCheckpoint(latest.body, [signer])).toMatchObject({ size: 120 });
  expect(await get('/v1/audit/checkpoints?cursor=x')).toMatchObject({ status: 400, body: { code: 'INVALID_CURSOR' } });
});

it('proves that an event is in the log', async () => {
  const { get, log } = await aServer();
  const [event] = await log.readAll(76, 1);
  const { status, body } = await get(`/v1/audit/events/${event?.id}/proof`);
  expect(status).toBe(200);
  const root = rootFromInclusion(bytes(body.leafHash), body.index, body.size, body.hashes.map(bytes));
  expect(root && equal(root, bytes(body.root))).toBe(true);
  expect(body).toMatchObject({ position: 77, index: 76, size: 120 });
  expect((await get('/v1/audit/events/nothing/proof')).status).toBe(404);
  const [newer] = await log.readAll(120, 1);
  expect(await get(`/v1/audit/events/${newer?.id}/proof`)).toMatchObject({
    status: 503,
    body: { code: 'NOT_CAUGHT_UP' },
  });
});

it('finds an event by its position too, and says when one is needed', async () => {
  const { get, log } = await aServer();
  const [event] = await log.readAll(76, 1);
  expect((await get(`/v1/audit/events/${event?.id}/proof?position=77`)).body).toMatchObject({
    position: 77,
    index: 76,
  });
  const other = await get(`/v1/audit/events/${event?.id}/proof?position=78`);
  expect([other.status, other.body.detail]).toEqual([404, expect.stringContaining('has another id')]);
  expect((await get('/v1/audit/events/nothing/proof')).body.detail).toContain('?position=');
  expect((await get(`/v1/audit/events/${event?.id}/proof?position=-1`)).status).toBe(400);
});

it('proves that the log was only added to', async () => {
  const { get } = await aServer();
  const { body } = await get('/v1/audit/consistency?from=40&to=120');
  const [first, second] = [
    { size: 40, root: bytes(body.roots.from) },
    { size: 120, root: bytes(body.roots.to) },
  ];
  expect(isConsistent(first, second, body.hashes.map(bytes))).toBe(true);
  expect((await get('/v1/audit/consistency?from=120&to=40')).status).toBe(400);
  expect((await get('/v1/audit/consistency?from=40&to=4000')).status).toBe(503);
});

it('gives everything that is needed to check a session, to auditors only', async () => {
  const { get, signer, tiles } = await aServer();
  const { status, body } = await get('/v1/audit/sessions/s7/proof');
  expect(status).toBe(200);
  expect(body.events.length).toBeGreaterThan(3);
  expect(checkProof(body, [signer])).toMatchObject({ valid: true, newer: 0 });
  expect((await get('/v1/audit/sessions/unknown/proof')).status).toBe(404);
  expect((await get('/v1/audit/sessions/s7/proof', 'client')).status).toBe(403);
  await tiles.clear();
  expect(await get('/v1/audit/sessions/s7/proof')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
});
