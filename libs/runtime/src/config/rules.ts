import type { Environment } from './schema.ts';

/** The key that the documents show. Whoever copies it has no secret. */
export const EXAMPLE_KEY = '0123456789abcdef'.repeat(4);

type SecretName =
  | 'SIGNALBOX_MASTER_KEYS'
  | 'SIGNALBOX_TOKEN_KEYS'
  | 'SIGNALBOX_ADMIN_KEYS'
  | 'SIGNALBOX_CHECKPOINT_KEYS';

const secretNames: readonly SecretName[] = [
  'SIGNALBOX_MASTER_KEYS',
  'SIGNALBOX_TOKEN_KEYS',
  'SIGNALBOX_ADMIN_KEYS',
  'SIGNALBOX_CHECKPOINT_KEYS',
];

/** What two variables together get wrong, in every mode. `set` tells whether a variable could be read at all. */
export const contradictions = (env: Partial<Environment>): readonly string[] => {
  const problems: string[] = [];
  const { SIGNALBOX_TLS_CERT_FILE: cert, SIGNALBOX_TLS_KEY_FILE: key } = env;
  if (typeof cert === 'string' && key === null) {
    problems.push(
      'SIGNALBOX_TLS_CERT_FILE is set without SIGNALBOX_TLS_KEY_FILE: HTTPS needs both. Set the other, or neither.',
    );
  }
  if (typeof key === 'string' && cert === null) {
    problems.push(
      'SIGNALBOX_TLS_KEY_FILE is set without SIGNALBOX_TLS_CERT_FILE: HTTPS needs both. Set the other, or neither.',
    );
  }
  const { SIGNALBOX_OFFER_MIN_TTL_MS: min, SIGNALBOX_OFFER_MAX_TTL_MS: max } = env;
  const { SIGNALBOX_OFFER_DEFAULT_TTL_MS: usual } = env;
  if (min !== undefined && max !== undefined && min > max) {
    problems.push(
      `SIGNALBOX_OFFER_MIN_TTL_MS (${min}) is larger than SIGNALBOX_OFFER_MAX_TTL_MS (${max}), so no lifetime would do. Swap them.`,
    );
  } else if (min !== undefined && max !== undefined && usual !== undefined && (usual < min || usual > max)) {
    problems.push(
      `SIGNALBOX_OFFER_DEFAULT_TTL_MS (${usual}) is outside of what offers may have, ${min} to ${max}. Move it, or the bounds.`,
    );
  }
  return [...problems, ...tooShortRetention(env), ...sharedRedis(env)];
};

/** What lives must be readable: its keys may not end before it does. */
const tooShortRetention = (env: Partial<Environment>): readonly string[] => {
  const { SIGNALBOX_RETENTION_MS: retention, SIGNALBOX_OFFER_MAX_TTL_MS: offer } = env;
  const { SIGNALBOX_ANSWERED_TTL_MS: answered, SIGNALBOX_ENDED_RETENTION_MS: ended } = env;
  if (retention === undefined || offer === undefined || answered === undefined || ended === undefined) return [];
  const needed = offer + answered + ended;
  return retention >= needed
    ? []
    : [
        `SIGNALBOX_RETENTION_MS (${retention}) is shorter than a session can live and be read (${needed}: SIGNALBOX_OFFER_MAX_TTL_MS, SIGNALBOX_ANSWERED_TTL_MS and SIGNALBOX_ENDED_RETENTION_MS together), so its keys would be destroyed while it is in use. Raise it, or shorten those.`,
      ];
};

const sharedRedis = (env: Partial<Environment>): readonly string[] =>
  typeof env.SIGNALBOX_KEYS_URL === 'string' && env.SIGNALBOX_KEYS_URL === env.SIGNALBOX_REDIS_URL
    ? [
        'SIGNALBOX_KEYS_URL and SIGNALBOX_REDIS_URL are the same: read models may be thrown away at any time, and the keys of the log never. Give the keys a Redis of their own.',
      ]
    : [];

/** The servers of the distributed stack. */
export type StackPart = 'eventstoredb' | 'kafka' | 'redis' | 'keys';

const addresses = {
  eventstoredb: 'SIGNALBOX_EVENTSTOREDB_URL',
  kafka: 'SIGNALBOX_KAFKA_BROKERS',
  redis: 'SIGNALBOX_REDIS_URL',
  keys: 'SIGNALBOX_KEYS_URL',
} as const satisfies Record<StackPart, keyof Environment>;

/** `env` may lack what could not be read, which has been said. */
export const missing = (needs: readonly StackPart[], env: Partial<Environment>): readonly string[] =>
  needs
    .map((part) => addresses[part])
    .filter((name) => env[name] === null || env[name]?.length === 0)
    .map((name) => `${name} is not set: this service works on that server and on no other. Set its address.`);

/** What is fine on a desk and not on the internet. */
export const unsafeInProduction = (env: Partial<Environment>): readonly string[] => [
  ...secretNames.flatMap((name) => unsafeKeys(name, env[name])),
  ...sharedKeys(env),
  ...unsafeEdge(env),
];

const unsafeKeys = (name: SecretName, keys: readonly string[] | undefined): readonly string[] => {
  if (keys === undefined) return []; // malformed, which has been said
  if (keys.length === 0) {
    return [
      `${name} is not set: production makes no keys of its own, since they would be lost with the disk. Make one with \`openssl rand -hex 32\`, and set it or ${name}_FILE.`,
    ];
  }
  return keys.flatMap((key, index) =>
    isKnown(key)
      ? [
          `${name}: key ${index + 1} is one that anyone can guess (all the same byte, or the example from the documents). Make one with \`openssl rand -hex 32\`.`,
        ]
      : [],
  );
};

const isKnown = (key: string): boolean => key === EXAMPLE_KEY || key === key.slice(0, 2).repeat(key.length / 2);

const sharedKeys = (env: Partial<Environment>): readonly string[] =>
  secretNames.flatMap((name, index) =>
    secretNames
      .slice(index + 1)
      .filter((other) => env[name]?.some((key) => env[other]?.includes(key)))
      .map(
        (other) =>
          `${name} and ${other} share a key: whoever learns one would hold both. Make a key of its own for each.`,
      ),
  );

const unsafeEdge = (env: Partial<Environment>): readonly string[] => {
  const problems: string[] = [];
  if (env.SIGNALBOX_CORS_ORIGINS === null || env.SIGNALBOX_CORS_ORIGINS === '*') {
    const is = env.SIGNALBOX_CORS_ORIGINS === '*' ? 'is `*`' : 'is not set';
    problems.push(
      `SIGNALBOX_CORS_ORIGINS ${is}: any web page could call this server. List the origins of your own pages.`,
    );
  }
  const noTls = env.SIGNALBOX_TLS_CERT_FILE === null || env.SIGNALBOX_TLS_KEY_FILE === null;
  if (noTls && env.SIGNALBOX_TRUSTED_PROXIES?.length === 0) {
    problems.push(
      'Neither TLS nor a trusted proxy is configured: secrets and tokens would cross the network in the clear. Set SIGNALBOX_TLS_CERT_FILE and SIGNALBOX_TLS_KEY_FILE, or name the proxy that ends TLS in SIGNALBOX_TRUSTED_PROXIES.',
    );
  }
  if (env.SIGNALBOX_RATE_LIMITS === 'off') {
    problems.push(
      'SIGNALBOX_RATE_LIMITS is `off`: one client could use the whole server up. Leave it out, and raise single limits where they are too low.',
    );
  }
  return problems;
};
