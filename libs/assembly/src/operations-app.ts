import { type App, createHttpApp, type HealthCheck } from '@signalbox/http';
import { createLoadMonitor, type ServiceContext } from '@signalbox/runtime';
import { observeLoad } from './edge.ts';
import { createIdentity } from './identity.ts';
import { ringOf } from './writer.ts';

/**
 * `/live`, `/ready`, `/health` and `/metrics` of a process that has no clients. It knows the admin keys and tokens made
 * with them, nobody else, and keeps nothing.
 */
export const createOperationsApp = async (
  context: Omit<ServiceContext, 'madeKeys'>,
  checks: readonly HealthCheck[],
): Promise<App & { readonly stopLoad: () => void }> => {
  const { config, clock, chance } = context;
  const identity = createIdentity({
    ...{ config, clock, chance, ring: ringOf(context), refuseSignedBefore: 0 },
    credentials: { find: async () => undefined },
    nonces: { claim: async () => false, sweep: async () => 0 },
  });
  const load = createLoadMonitor({ limits: config.load, queueDepth: () => 0, clock, sources: context.load });
  observeLoad(context, load);
  const app = await createHttpApp({
    ...context,
    config: { ...config, rateLimits: 'off' },
    ...{ load, checks, title: 'Signalbox', sections: ['operations'], checkResponses: false },
    description: 'A process of Signalbox without clients of its own.',
    authenticate: identity.authenticate,
    rateLimiter: { take: () => unlimited, sweep: async () => 0 },
    idempotency: noIdempotency,
    onSessionProblem: () => undefined, // it has no path of a session
  });
  await app.ready();
  return Object.assign(app, { stopLoad: load.stop });
};

const unlimited = { allowed: true, remaining: 1, resetMs: 0, retryAfterMs: 0 };

const noRoute = async (): Promise<never> => {
  throw new Error('No route of this process takes an idempotency key.');
};

const noIdempotency = { claim: noRoute, complete: noRoute, abandon: noRoute, sweep: async () => 0 };
