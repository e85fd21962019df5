import { addressKey, type RateLimiter } from '@signalbox/http';
import { verifyHmac } from '@signalbox/identity';
import type { DiscoverQueries, FeedQueries, SessionQueries } from '@signalbox/queries';
import type { Credentials } from '@signalbox/read-models';
import { createRondevu, type Rondevu } from '@signalbox/rondevu';
import type { Config, Logger, Metrics } from '@signalbox/runtime';
import type { Identity } from './identity.ts';
import type { WriteSide } from './write-side.ts';

const WINDOW_MS = 60_000;

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
  readonly now: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}): Rondevu => {
  const { config, writeSide, identity, credentials, rateLimiter, now, logger, metrics } = options;
  const { limits, rateLimits } = config;

  /** The same buckets as HTTP v1 has for its addresses, so that neither way in doubles what one may do. */
  const admitBy = (name: 'rpc' | 'credentials') => async (clientAddress: string | null) => {
    if (rateLimits === 'off') return true;
    const policy = { name: `${name}-address`, limit: rateLimits[name], windowMs: WINDOW_MS };
    const answer = await rateLimiter.take(policy, `address:${addressKey(clientAddress)}`, 1, now());
    if (!answer.allowed) metrics.rateLimited(policy.name);
    return answer.allowed;
  };

  return createRondevu({
    sessions: writeSide.sessions,
    credentials: writeSide.credentials,
    discover: options.discover,
    sessionQueries: options.sessionQueries,
    feed: options.feedQueries,
    verifyEd25519: identity.ed25519.verify,
    verifyHmac,
    secretsOf: (name, at) => identity.secrets.secretsOf(name, at),
    credentialOf: (name) => credentials.find(name),
    nonces: identity.guard,
    admit: admitBy('rpc'),
    admitCredential: admitBy('credentials'),
    limits: {
      maxBatchSize: limits.maxBatch,
      maxTotalOperations: limits.maxOperations,
      maxOffersPerRequest: limits.maxOffersPerRequest,
      maxSdpSize: limits.maxSdpLength,
      maxCandidatesPerRequest: limits.maxCandidatesPerRequest,
      maxCandidateSize: limits.maxCandidateBytes,
      maxCandidateDepth: limits.maxCandidateDepth,
    },
    now,
    onFault: (error) => logger.error({ err: error }, 'an RPC call failed'),
  });
};
