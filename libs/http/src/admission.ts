import type { FastifyRequest } from 'fastify';
import type { HttpOptions } from './options.ts';
import { ProblemError } from './problem.ts';
import type { RateLimits } from './rate-limits.ts';
import type { App } from './request.ts';

/** Health and metrics are most wanted when the server is in trouble. */
const isNeededInTrouble = ({ settings }: FastifyRequest): boolean => settings.rate === 'operations';

/** Refuses, before the body is read, what must not be taken on now: while closing, under load, over a limit. */
export const addAdmission = (app: App, options: HttpOptions, rateLimits: RateLimits | 'off'): void => {
  const { load, telemetry } = options;

  app.addHook('onRequest', (request, _reply, done) => {
    const reason = app.closing.aborted ? 'closing' : load.overloaded();
    if (reason === false || isNeededInTrouble(request)) return done();
    telemetry.metrics.shed(reason);
    done(new ProblemError('OVERLOADED', { retryAfterMs: 2_000 }));
  });

  // In a JSON text as in a path, a null byte is never meant well, and some stores end a string at it.
  app.addHook('onRequest', (request, _reply, done) => {
    if (!request.url.includes('%00')) return done();
    done(new ProblemError('INVALID_PARAMS', { errors: [{ path: 'path', message: 'must not hold a null byte' }] }));
  });

  if (rateLimits !== 'off') app.addHook('onRequest', rateLimits.byAddress);
};
