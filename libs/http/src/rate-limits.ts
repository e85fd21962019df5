import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressKey } from './client-address.ts';
import type { HttpOptions } from './options.ts';
import type { RateAnswer, RatePolicy } from './ports/rate-limiter.ts';
import { ProblemError } from './problem.ts';
import type { RateClass } from './request.ts';

const WINDOW_MS = 60_000;

type Limit = { readonly policy: RatePolicy; readonly header: string };

/** Classes that count by address alone: their callers are not known yet, or need not be. */
const BY_ADDRESS_ALONE: readonly RateClass[] = ['credentials', 'rpc', 'operations'];

const limitOf = (name: string, limit: number): Limit => ({
  policy: { name, limit, windowMs: WINDOW_MS },
  header: `"${name}";q=${limit};w=${WINDOW_MS / 1_000}`,
});

export interface RateLimits {
  /** Before anything else is done for a request. Calls `done` with a problem when it is refused. */
  byAddress(request: FastifyRequest, reply: FastifyReply, done: (refusal?: Error) => void): void;
  /** Once the caller is known. */
  byCaller(request: FastifyRequest, reply: FastifyReply, done: (refusal?: Error) => void): void;
}

/**
 * Two limits on each request (L1): one for its address, one for its caller. The headers tell of the one that was asked
 * last, which is the caller's where there is one.
 */
export const createRateLimits = (options: HttpOptions): RateLimits | 'off' => {
  const { rateLimiter, clock, telemetry } = options;
  const { rateLimits: limits } = options.config;
  if (limits === 'off') return 'off';

  const classes: readonly RateClass[] = ['read', 'write', 'poll', 'credentials', 'rpc', 'operations'];
  const perCaller = new Map(classes.map((name) => [name, limitOf(name, limits[name])]));
  const perAddress = new Map(
    classes.map((name) => {
      const factor = BY_ADDRESS_ALONE.includes(name) ? 1 : limits.addressFactor;
      return [name, limitOf(`${name}-address`, limits[name] * factor)];
    }),
  );

  const judge = (answer: RateAnswer, limit: Limit, reply: FastifyReply): Error | undefined => {
    const { name } = limit.policy;
    reply.header('ratelimit-policy', limit.header);
    reply.header(
      'ratelimit',
      `"${name}";r=${Math.max(0, Math.floor(answer.remaining))};t=${Math.ceil(answer.resetMs / 1_000)}`,
    );
    if (answer.allowed) return undefined;
    telemetry.metrics.rateLimited(name);
    return new ProblemError('RATE_LIMIT_EXCEEDED', { retryAfterMs: answer.retryAfterMs });
  };

  const take = (limit: Limit, key: string, cost: number, reply: FastifyReply, done: (refusal?: Error) => void) => {
    const answer = rateLimiter.take(limit.policy, key, cost, clock.now());
    if (answer instanceof Promise) answer.then((given) => judge(given, limit, reply)).then(done, done);
    else done(judge(answer, limit, reply));
  };

  const classOf = ({ settings, method }: FastifyRequest): RateClass | 'own' =>
    settings.rate ?? (method === 'GET' || method === 'HEAD' ? 'read' : 'write');

  return {
    byAddress: (request, reply, done) => {
      const name = classOf(request);
      const limit = name === 'own' ? undefined : perAddress.get(name);
      if (limit) take(limit, `address:${addressKey(request.clientAddress)}`, 1, reply, done);
      else done();
    },
    byCaller: (request, reply, done) => {
      const { caller, settings } = request;
      const name = classOf(request);
      const limit = name === 'own' || BY_ADDRESS_ALONE.includes(name) ? undefined : perCaller.get(name);
      if (caller === null || limit === undefined) return done();
      // A request that costs more than the whole limit must still be possible now and then.
      const cost = Math.min(Math.max(settings.operations?.(request) ?? 1, 1), limit.policy.limit);
      take(limit, `caller:${caller.identity}`, cost, reply, done);
    },
  };
};
