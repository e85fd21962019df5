import type { Environment } from './schema.ts';

/** Requests of one class that one caller may send within a minute. */
export type RateLimits = {
  readonly read: number;
  readonly write: number;
  readonly poll: number;
  readonly rpc: number;
  readonly credentials: number;
  readonly operations: number;
  /** How many times a caller's share one address may send. */
  readonly addressFactor: number;
};

/** All that a process can be told, checked. Durations and lifetimes are milliseconds. */
export type Config = ReturnType<typeof toConfig>;

export const toConfig = (env: Environment) => {
  const production = env.SIGNALBOX_MODE === 'production';
  const { SIGNALBOX_TLS_CERT_FILE: certFile, SIGNALBOX_TLS_KEY_FILE: keyFile } = env;
  return {
    mode: env.SIGNALBOX_MODE,
    host: env.SIGNALBOX_HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: env.SIGNALBOX_PORT,
    /** Without a slash at its end; null: as each request says. */
    publicUrl: env.SIGNALBOX_PUBLIC_URL,
    dataDir: env.SIGNALBOX_DATA_DIR ?? './data',
    instance: env.SIGNALBOX_INSTANCE,
    /** 64 hex digits each, the first is current. Empty in development until `withDevelopmentSecrets` has filled them. */
    secrets: {
      masterKeys: env.SIGNALBOX_MASTER_KEYS,
      tokenKeys: env.SIGNALBOX_TOKEN_KEYS,
      adminKeys: env.SIGNALBOX_ADMIN_KEYS,
      checkpointKeys: env.SIGNALBOX_CHECKPOINT_KEYS,
    },
    corsOrigins: env.SIGNALBOX_CORS_ORIGINS ?? ('*' as const),
    trustedProxies: env.SIGNALBOX_TRUSTED_PROXIES,
    tls: certFile !== null && keyFile !== null ? { certFile, keyFile } : null,
    rateLimits: env.SIGNALBOX_RATE_LIMITS === 'off' ? ('off' as const) : rateLimitsOf(env),
    lifetimes: {
      offerDefaultTtlMs: env.SIGNALBOX_OFFER_DEFAULT_TTL_MS,
      offerMinTtlMs: env.SIGNALBOX_OFFER_MIN_TTL_MS,
      offerMaxTtlMs: env.SIGNALBOX_OFFER_MAX_TTL_MS,
      answeredTtlMs: env.SIGNALBOX_ANSWERED_TTL_MS,
      endedRetentionMs: env.SIGNALBOX_ENDED_RETENTION_MS,
      retentionMs: env.SIGNALBOX_RETENTION_MS,
      keyEpochMs: env.SIGNALBOX_KEY_EPOCH_MS,
      credentialTtlMs: env.SIGNALBOX_CREDENTIAL_TTL_MS,
      rotationGraceMs: env.SIGNALBOX_ROTATION_GRACE_MS,
      timestampWindowMs: env.SIGNALBOX_TIMESTAMP_WINDOW_MS,
      idempotencyTtlMs: env.SIGNALBOX_IDEMPOTENCY_TTL_MS,
      sweepIntervalMs: env.SIGNALBOX_SWEEP_INTERVAL_MS,
    },
    /** What a client may send and have; lengths are UTF-16 units unless they say bytes. */
    limits: {
      maxBodyBytes: env.SIGNALBOX_MAX_BODY_BYTES,
      maxSdpLength: env.SIGNALBOX_MAX_SDP_LENGTH,
      maxCandidateBytes: env.SIGNALBOX_MAX_CANDIDATE_BYTES,
      maxCandidateDepth: env.SIGNALBOX_MAX_CANDIDATE_DEPTH,
      maxCandidatesPerRequest: env.SIGNALBOX_MAX_CANDIDATES_PER_REQUEST,
      maxCandidatesPerRole: env.SIGNALBOX_MAX_CANDIDATES_PER_ROLE,
      maxOffersPerRequest: env.SIGNALBOX_MAX_OFFERS_PER_REQUEST,
      maxBatch: env.SIGNALBOX_MAX_BATCH,
      maxOperations: env.SIGNALBOX_MAX_OPERATIONS,
      maxTags: env.SIGNALBOX_MAX_TAGS,
      maxTagLength: env.SIGNALBOX_MAX_TAG_LENGTH,
      maxSessionsPerIdentity: env.SIGNALBOX_MAX_SESSIONS_PER_IDENTITY,
      maxSessions: env.SIGNALBOX_MAX_SESSIONS,
      maxCredentials: env.SIGNALBOX_MAX_CREDENTIALS,
    },
    timeouts: {
      requestMs: env.SIGNALBOX_REQUEST_TIMEOUT_MS,
      longPollMaxMs: env.SIGNALBOX_LONG_POLL_MAX_MS,
      shutdownMs: env.SIGNALBOX_SHUTDOWN_TIMEOUT_MS,
    },
    load: {
      maxConnections: env.SIGNALBOX_MAX_CONNECTIONS,
      maxEventLoopDelayMs: env.SIGNALBOX_MAX_EVENT_LOOP_DELAY_MS,
      maxHeapPercent: env.SIGNALBOX_MAX_HEAP_PERCENT,
      maxQueueDepth: env.SIGNALBOX_MAX_QUEUE_DEPTH,
    },
    /** What only the distributed stack has. Null or empty: not told. */
    stack: {
      eventStoreDbUrl: env.SIGNALBOX_EVENTSTOREDB_URL,
      kafkaBrokers: env.SIGNALBOX_KAFKA_BROKERS,
      kafkaTls: env.SIGNALBOX_KAFKA_TLS === 'on',
      kafkaLogin: env.SIGNALBOX_KAFKA_LOGIN,
      kafkaPartitions: env.SIGNALBOX_KAFKA_PARTITIONS,
      kafkaReplication: env.SIGNALBOX_KAFKA_REPLICATION,
      redisUrl: env.SIGNALBOX_REDIS_URL,
      keysUrl: env.SIGNALBOX_KEYS_URL,
      namespace: env.SIGNALBOX_NAMESPACE,
      consistencyWaitMs: env.SIGNALBOX_CONSISTENCY_WAIT_MS,
      shownWithinMs: env.SIGNALBOX_SHOWN_WITHIN_MS,
      sessionTimeoutMs: env.SIGNALBOX_SESSION_TIMEOUT_MS,
    },
    logLevel: env.SIGNALBOX_LOG_LEVEL,
    /** Null: no traces are sent. */
    otlpUrl: env.SIGNALBOX_OTLP_URL,
  };
};

const rateLimitsOf = (env: Environment): RateLimits => ({
  read: env.SIGNALBOX_RATE_LIMIT_READ,
  write: env.SIGNALBOX_RATE_LIMIT_WRITE,
  poll: env.SIGNALBOX_RATE_LIMIT_POLL,
  rpc: env.SIGNALBOX_RATE_LIMIT_RPC,
  credentials: env.SIGNALBOX_RATE_LIMIT_CREDENTIALS,
  operations: env.SIGNALBOX_RATE_LIMIT_OPERATIONS,
  addressFactor: env.SIGNALBOX_RATE_LIMIT_ADDRESS_FACTOR,
});
