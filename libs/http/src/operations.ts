import { withTimeout } from '@signalbox/runtime';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { HealthCheck, HttpOptions } from './options.ts';
import type { App } from './request.ts';

const CHECK_TIMEOUT_MS = 3_000;

type CheckResult = { readonly status: 'up' | 'down'; readonly latencyMs: number };

const up = z.object({ status: z.enum(['up', 'down']), latencyMs: z.number() });
const readiness = z.object({
  status: z.enum(['ready', 'not_ready', 'closing']),
  checks: z.record(z.string(), up),
});
const health = z.object({
  status: z.enum(['ok', 'unhealthy']),
  timestamp: z.int().meta({ description: 'Epoch milliseconds.' }),
  version: z.string(),
  instance: z.string(),
  uptimeMs: z.int(),
  checks: z.record(z.string(), up),
});

const tags = ['operations'];
const config = { access: 'public', rate: 'operations', quiet: true } as const;

/** Asks every dependency at once; those that ask meanwhile share the answer. */
const checker = ({ checks, clock, timers, logger }: HttpOptions) => {
  let running: Promise<Readonly<Record<string, CheckResult>>> | undefined;

  const ask = async ({ name, check }: HealthCheck): Promise<readonly [string, CheckResult]> => {
    const startedAt = clock.monotonic();
    const latencyMs = () => Math.round((clock.monotonic() - startedAt) * 100) / 100;
    try {
      await withTimeout(check(), name, CHECK_TIMEOUT_MS, timers);
      return [name, { status: 'up', latencyMs: latencyMs() }];
    } catch (error) {
      logger.warn({ err: error, check: name }, 'a dependency is down');
      return [name, { status: 'down', latencyMs: latencyMs() }];
    }
  };

  return () => {
    running ??= Promise.all(checks.map(ask))
      .then(Object.fromEntries)
      .finally(() => {
        running = undefined;
      });
    return running as Promise<Readonly<Record<string, CheckResult>>>;
  };
};

/** `/live`, `/ready`, `/health`, `/metrics` (M1). Why something is down is in the log, not in the answer. */
export const addOperations = (app: App, options: HttpOptions): void => {
  const { version, instance, clock, telemetry } = options;
  const startedAt = clock.monotonic();
  const runChecks = checker(options);
  const allUp = (checks: Readonly<Record<string, CheckResult>>) =>
    Object.values(checks).every(({ status }) => status === 'up');

  app.get(
    '/live',
    {
      config,
      schema: { tags, summary: 'The process runs', response: { 200: z.object({ status: z.literal('live') }) } },
    },
    async () => ({ status: 'live' as const }),
  );

  app.get(
    '/ready',
    { config, schema: { tags, summary: 'The process can serve', response: { 200: readiness, 503: readiness } } },
    async (_request, reply) => {
      const checks = await runChecks();
      if (app.closing.aborted) return reply.code(503).send({ status: 'closing', checks });
      return allUp(checks)
        ? reply.code(200).send({ status: 'ready', checks })
        : reply.code(503).send({ status: 'not_ready', checks });
    },
  );

  app.get(
    '/health',
    { config, schema: { tags, summary: 'How each dependency is', response: { 200: health, 503: health } } },
    async (_request, reply) => {
      const checks = await runChecks();
      const uptimeMs = Math.round(clock.monotonic() - startedAt);
      const facts = { timestamp: clock.now(), version, instance, uptimeMs, checks };
      return allUp(checks)
        ? reply.code(200).send({ status: 'ok', ...facts })
        : reply.code(503).send({ status: 'unhealthy', ...facts });
    },
  );

  app.get(
    '/metrics',
    {
      // In production, how a server is doing is nobody else's business.
      config: { ...config, access: options.config.mode === 'production' ? 'audit' : 'public' },
      schema: { tags, summary: 'Metrics, in the text format of Prometheus' },
    },
    async (_request, reply): Promise<FastifyReply> =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(await telemetry.renderMetrics()),
  );
};
