import {
  adminKeys,
  createAuthenticator,
  createTokens,
  ed25519Verifier,
  type NonceStore,
  nonceGuard,
} from '@signalbox/identity';
import type { Credentials } from '@signalbox/read-models';
import type { Chance, Clock, Config } from '@signalbox/runtime';
import type { KeyRing } from '@signalbox/vault';
import { isLive, secretLookup } from './secrets.ts';

/** How many imported keys, opened secrets and verified tokens are kept at hand, each. */
const CACHE_SIZE = 20_000;

/** Who is calling, over the credentials and nonces that this process can see. */
export const createIdentity = (options: {
  readonly config: Config;
  readonly credentials: Pick<Credentials, 'find'>;
  readonly ring: KeyRing;
  readonly nonces: NonceStore;
  /** Epoch milliseconds: what was signed before this process could know it is refused. */
  readonly refuseSignedBefore: number;
  readonly clock: Clock;
  readonly chance: Chance;
}) => {
  const { config, credentials, ring, chance } = options;
  const now = () => options.clock.now();
  const guard = nonceGuard({
    store: options.nonces,
    now,
    windowMs: config.lifetimes.timestampWindowMs,
    refuseSignedBefore: options.refuseSignedBefore,
  });
  const secrets = secretLookup(credentials, ring, CACHE_SIZE);
  const ed25519 = ed25519Verifier({ cacheSize: CACHE_SIZE });
  const tokens = createTokens({
    keys: config.secrets.tokenKeys.map((key) => Buffer.from(key, 'hex')),
    newId: () => chance.uuid(),
    cacheSize: CACHE_SIZE,
  });
  const authenticate = createAuthenticator({
    guard,
    secrets,
    ed25519,
    now,
    tokens,
    adminKeys: adminKeys(config.secrets.adminKeys),
    isLive: async (name, at) => isLive(await credentials.find(name), at),
  });
  return { guard, secrets, ed25519, tokens, authenticate };
};

export type Identity = ReturnType<typeof createIdentity>;
