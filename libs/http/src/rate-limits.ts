import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressKey } from './client-address.ts';
import type { HttpOptions } from './options.ts';
import type { RateAnswer, RatePolicy } from './ports/rate-limiter.ts';
import { ProblemError } from './problem.ts';
import type { RateClass } from './request.ts';

const WINDOW_MS = 60_000;

type ConfiguredLimits = Exclude<HttpOptions['config']['rateLimits'], 'off'>;

type Limit = { readonly policy: RatePolicy; readonly header: string };

/** Classes that count by address alone: their callers are not known yet, or need not be. */
const BY_ADDRESS_ALONE: readonly RateClass[] = ['credentials', 'rpc', 'operations'];

/**
 * The limit of one class for one address or one caller. An address may send several callers' worth, where callers are
 * counted too; of `/rpc` an address counts by its POSTs, and a caller by the calls in them.
 */
export const ratePolicy = (limits: ConfiguredLimits, name: RateClass, of: 'address' | 'caller'): RatePolicy => {
  const alone = BY_ADDRESS_ALONE.includes(name);
  const factor = of === 'address' ? (alone ? 1 : limits.addressFactor) : alone ? limits.addressFactor : 1;
  return { name: of === 'address' ? `${name}-address` : name, limit: limits[name] * factor, windowMs: WINDOW_MS };
};

const withHeader = (policy: RatePolicy): Limit => ({
  policy,
  header: `"${policy.name}";q=${policy.limit};w=${policy.windowMs / 1_000}`,
});

export interface RateLimits {
  /** Before anything else is done for a request. Calls `done` with a problem when it is refused. */
  byAddress(request: FastifyRequest, reply: FastifyReply, done: (refusal?: Error) => void): void;
  /** Once the caller is known. */
  byCaller(request: FastifyRequest, reply: FastifyReply, done: (refusal?: Error) => void): void;
  /** Once the body is known: charges the address for what the request asks for beyond the one that it was charged. */
  byOperations(request: FastifyRequest, reply: FastifyReply, done: (refusal?: Error) => void): void;
}

/**
 * Two limits on each request (L1): one for its address, one for its caller. The headers tell of the one that refused, or
 * else of the caller's where there is one. The caller is charged first for what a request holds: one who is over the own
 * limit must not use up that of the neighbours at the same address.
 */
export const createRateLimits = (options: HttpOptions): RateLimits | 'off' => {
  const { rateLimiter, clock, telemetry } = options;
  const { rateLimits: limits } = options.config;
  if (limits === 'off') return 'off';

  const classes: readonly RateClass[] = ['read', 'write', 'poll', 'credentials', 'rpc', 'operations'];
  const perCaller = new Map(classes.map((name) => [name, withHeader(ratePolicy(limits, name, 'caller'))]));
  const perAddress = new Map(classes.map((name) => [name, withHeader(ratePolicy(limits, name, 'address'))]));

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

  const take = (
    { policy }: Limit,
    key: string,
    cost: number,
    judged: (answer: RateAnswer) => Error | undefined,
    done: (refusal?: Error) => void,
  ) => {
    // A wall clock that jumps would lock everyone out, or let everyone in.
    const answer = rateLimiter.take(policy, key, cost, clock.monotonic());
    if (answer instanceof Promise) answer.then(judged).then(done, done);
    else done(judged(answer));
  };

  const keyOfAddress = (request: FastifyRequest) => `address:${addressKey(request.clientAddress)}`;

  /** Where a refusal by address goes: into the answer, or to the route that wants to be told. */
  const refusing = (request: FastifyRequest, done: (refusal?: Error) => void): ((refusal?: Error) => void) => {
    if (request.settings.limit !== 'told') return done;
    return (refusal) => {
      // Whatever else kept the limiter from answering is no fault of the caller's.
      if (refusal && !(refusal instanceof ProblemError)) return done(refusal);
      if (refusal) request.withinLimit = false;
      done();
    };
  };

  /** At most the whole limit: a request that costs more must still be possible now and then. */
  const costOf = (request: FastifyRequest, { policy }: Limit): number =>
    Math.min(Math.max(request.settings.operations?.(request) ?? 1, 1), policy.limit);

  const classOf = ({ settings, method }: FastifyRequest): RateClass =>
    settings.rate ?? (['GET', 'HEAD', 'OPTIONS'].includes(method) ? 'read' : 'write');

  return {
    byAddress: (request, reply, done) => {
      const limit = perAddress.get(classOf(request));
      if (!limit) return done();
      const judged = (answer: RateAnswer) => judge(answer, limit, reply);
      take(limit, keyOfAddress(request), 1, judged, refusing(request, done));
    },
    byCaller: (request, reply, done) => {
      const { caller } = request;
      const name = classOf(request);
      const limit = BY_ADDRESS_ALONE.includes(name) ? undefined : perCaller.get(name);
      if (caller === null || limit === undefined) return done();
      const judged = (answer: RateAnswer) => judge(answer, limit, reply);
      take(limit, `caller:${caller.identity}`, costOf(request, limit), judged, done);
    },
    byOperations: (request, reply, done) => {
      const limit = perAddress.get(classOf(request));
      const more = limit === undefined ? 0 : costOf(request, limit) - 1;
      if (limit === undefined || more === 0) return done();
      const judged = (answer: RateAnswer) => (answer.allowed ? undefined : judge(answer, limit, reply));
      take(limit, keyOfAddress(request), more, judged, refusing(request, done));
    },
  };
};
