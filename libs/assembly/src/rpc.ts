import { catalogue } from '@signalbox/contracts';
import { addressKey, logFault, problemOf, type RateClass, type RateLimiter, ratePolicy } from '@signalbox/http';
import { verifyHmac } from '@signalbox/identity';
import type { DiscoverQueries, FeedQueries, Notices, SessionQueries } from '@signalbox/queries';
import type { Credentials } from '@signalbox/read-models';
import { createRondevu, type Rondevu } from '@signalbox/rondevu';
import type { Clock, Config, Logger, Metrics } from '@signalbox/runtime';
import type { Identity } from './identity.ts';
import { notedMetrics } from './noted.ts';
import type { WriteSide } from './write-side.ts';

/** Rondevu's protocol on this process's commands, queries and credentials. */
export const createRpc = (options: {
  readonly config: Config;
  readonly writeSide: WriteSide;
  readonly identity: Identity;
  readonly credentials: Credentials;
  readonly discover: DiscoverQueries;
  readonly sessionQueries: SessionQueries;
  readonly feedQueries: FeedQueries;
  readonly rateLimiter: RateLimiter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly notices: Notices;
}): Rondevu => {
  const { config, writeSide, identity, credentials, rateLimiter, clock, logger, notices } = options;
  const metrics = notedMetrics(options.metrics, notices);
  const { limits, rateLimits } = config;

  /** The same buckets as HTTP v1 has, so that neither way in doubles what one may do. */
  const admitBy = async (name: RateClass, of: 'address' | 'caller', key: string, cost = 1) => {
    if (rateLimits === 'off') return true;
    const policy = ratePolicy(rateLimits, name, of);
    const answer = await rateLimiter.take(policy, key, Math.min(cost, policy.limit), clock.monotonic());
    if (!answer.allowed) metrics.rateLimited(policy.name);
    return answer.allowed;
  };

  return createRondevu({
    sessions: writeSide.sessions,
    credentials: writeSide.credentials,
    discover: options.discover,
    sessionQueries: options.sessionQueries,
    feed: options.feedQueries,
    notices,
    verifyEd25519: identity.ed25519.verify,
    verifyHmac,
    secretsOf: (name, at) => identity.secrets.secretsOf(name, at),
    credentialOf: (name) => credentials.find(name),
    nonces: identity.guard,
    admitOperations: (address, more) => admitBy('write', 'address', `address:${addressKey(address)}`, more),
    admitCaller: (identity) => admitBy('rpc', 'caller', `caller:${identity}`),
    admitCredential: (address) => admitBy('credentials', 'address', `address:${addressKey(address)}`),
    onAuthFailed: (code) => metrics.authFailed(`rpc_${code.toLowerCase()}`),
    limits: {
      maxBatchSize: limits.maxBatch,
      maxTotalOperations: limits.maxOperations,
      maxOffersPerRequest: limits.maxOffersPerRequest,
      maxSdpSize: limits.maxSdpLength,
      maxCandidatesPerRequest: limits.maxCandidatesPerRequest,
      maxCandidateSize: limits.maxCandidateBytes,
      maxCandidateDepth: limits.maxCandidateDepth,
    },
    now: () => clock.now(),
    onFault: (error) => {
      const { code } = problemOf(error);
      logFault(logger, code, { err: error });
      if (catalogue[code].status >= 500) metrics.rpcFailed(code);
      return code;
    },
  });
};
