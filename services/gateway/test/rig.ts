import { createV1, type InputLimits } from '@signalbox/contracts';
import { type App, createHttpApp } from '@signalbox/http';
import { memoryIdempotencyStore, memoryRateLimiter } from '@signalbox/memory';
import { createLogger, loadConfig, noMetrics } from '@signalbox/runtime';
import { fakeClock, seededChance, t0 } from '@signalbox/testing';
import { z } from 'zod';
import { type GatewayDeps, gatewayRoutes } from '../src/app.ts';

/** What one request of a batch was, as its route saw it. */
export type Seen = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string | null;
  readonly clientAddress: string | null;
};

const limits: InputLimits = {
  maxSdpLength: 65_536,
  maxCandidateBytes: 4_096,
  maxCandidateDepth: 10,
  maxCandidatesPerRequest: 100,
  maxOffersPerRequest: 100,
  maxTags: 20,
  maxTagLength: 64,
  maxBatch: 5,
  maxOperations: 20,
};

/** The gateway on the real HTTP layer, with a small limit for batches, and a route of the test's for them to reach. */
export const createRig = async (
  over: Partial<GatewayDeps> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly app: App; readonly seen: readonly Seen[] }> => {
  const loaded = loadConfig({ SIGNALBOX_RATE_LIMITS: 'off', ...env }, () => '');
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const clock = fakeClock(t0);
  const app = await createHttpApp({
    config: loaded.ok,
    tls: null,
    title: 'Signalbox',
    description: 'For tests.',
    onSessionProblem: () => undefined,
    sections: ['batch', 'rondevu'],
    version: '1.2.3',
    instance: 'test-1',
    authenticate: async () => ({ kind: 'anonymous' }),
    rateLimiter: memoryRateLimiter(),
    idempotency: memoryIdempotencyStore(),
    checks: [],
    load: { overloaded: () => false },
    telemetry: { metrics: noMetrics, tracing: null, renderMetrics: async () => '' },
    logger: createLogger({ level: 'silent', instance: 'test-1', pretty: false }),
    clock,
    timers: clock,
    chance: seededChance(7),
    checkResponses: true,
  });

  const seen: Seen[] = [];
  app.route({
    method: ['GET', 'POST', 'PATCH', 'DELETE'],
    url: '/v1/probe/:what',
    config: { access: 'public' },
    schema: { params: z.object({ what: z.string() }) },
    handler: async (request, reply) => {
      const { method, url, headers, rawBody, clientAddress } = request;
      const body = rawBody === null ? null : Buffer.from(rawBody).toString('utf8');
      seen.push({ method, url, headers, body, clientAddress });
      if (request.params.what === 'nothing') return reply.code(204).send();
      if (request.params.what === 'fault') throw new Error('a fault of the test');
      return reply.code(200).send({ seen: seen.length });
    },
  });
  await app.register(gatewayRoutes, {
    v1: createV1(limits),
    // A double: nobody calls it.
    progress: { shows: async () => true },
    consistencyWaitMs: 0,
    rondevu: { call: () => Promise.reject(new Error('Rondevu was called.')) },
    limits,
    version: '1.2.3',
    publicUrl: null,
    healthy: async () => true,
    liveSessions: async () => 0,
    ...over,
  });
  await app.ready();
  return { app, seen };
};
