import { z } from 'zod';
import {
  choice,
  hosts,
  keys,
  login,
  name,
  origins,
  path,
  proxies,
  serverAddress,
  webAddress,
  wholeNumber,
  words,
} from './setting.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

const section = <T extends string>(name: T) => ({ section: name });
const server = section('Server');
const secrets = section('Secrets');
const edge = section('Edge');
const rates = section('Rate limits');
const lifetimes = section('Lifetimes');
const limits = section('Limits');
const resilience = section('Timeouts and load');
const observability = section('Observability');
const stack = section('Distributed stack');

const duration = (
  text: { readonly section: string },
  description: string,
  fallback: number,
  [min, max]: readonly [number, number],
) => wholeNumber({ ...text, description: `${description} Milliseconds.`, default: fallback, min, max });

const limit = (description: string, fallback: number, max: number, min = 1) =>
  wholeNumber({ ...limits, description, default: fallback, min, max });

const perMinute = (description: string, fallback: number) =>
  wholeNumber({ ...rates, description, default: fallback, min: 1, max: 10_000_000 });

/** Every variable there is. What is not here is refused, so that a misspelt name cannot go unnoticed. */
export const environment = z.object({
  SIGNALBOX_MODE: choice({
    ...server,
    of: ['development', 'production'],
    default: 'development',
    description:
      '`production` refuses to start on unsafe settings. `development` makes its own keys and is open to every origin.',
  }),
  SIGNALBOX_HOST: words({
    ...server,
    accepts: 'an address or host name of this machine',
    unset: '`127.0.0.1` in development, `0.0.0.0` in production',
    description: 'Where to listen.',
  }),
  SIGNALBOX_PORT: wholeNumber({
    ...server,
    default: 3000,
    min: 0,
    max: 65_535,
    description: 'The port to listen on; 0 lets the system choose one.',
  }),
  SIGNALBOX_PUBLIC_URL: webAddress({
    ...server,
    unset: 'as the request says',
    description:
      'How clients reach this server. Signatures are checked against it, so set it where a proxy changes host or path.',
  }),
  SIGNALBOX_DATA_DIR: path({
    ...server,
    default: './data',
    description: 'Holds the log, its backups, and the keys made in development.',
  }),
  SIGNALBOX_INSTANCE: words({
    ...server,
    accepts: 'a short name',
    unset: 'made at the start',
    description: 'Names this process in `/health`, logs and metrics.',
  }),

  SIGNALBOX_MASTER_KEYS: keys({ ...secrets, description: 'Seal what is secret at rest.' }),
  SIGNALBOX_TOKEN_KEYS: keys({ ...secrets, description: 'Sign the short-lived bearer tokens.' }),
  SIGNALBOX_ADMIN_KEYS: keys({
    ...secrets,
    description: 'Sent as a bearer token, each opens the admin and audit paths.',
  }),
  SIGNALBOX_CHECKPOINT_KEYS: keys({
    ...secrets,
    description:
      'Sign the checkpoints of the log (the seed of an Ed25519 key). Whoever verifies the log needs the public key only.',
  }),

  SIGNALBOX_CORS_ORIGINS: origins({
    ...edge,
    unset: '`*` in development',
    description: 'The origins whose pages may call this server. Production needs a list.',
  }),
  SIGNALBOX_TRUSTED_PROXIES: proxies({
    ...edge,
    description: 'The proxies whose `X-Forwarded-*` headers are believed. Nobody else’s are.',
  }),
  SIGNALBOX_TLS_CERT_FILE: path({
    ...edge,
    default: null,
    description: 'The certificate chain (PEM) to serve HTTPS with; needs SIGNALBOX_TLS_KEY_FILE.',
  }),
  SIGNALBOX_TLS_KEY_FILE: path({ ...edge, default: null, description: 'The private key (PEM) of the certificate.' }),

  SIGNALBOX_RATE_LIMITS: choice({
    ...rates,
    of: ['on', 'off'],
    default: 'on',
    description: '`off` is for benches and tests; production refuses it.',
  }),
  SIGNALBOX_RATE_LIMIT_READ: perMinute('Queries a minute for each caller.', 1_200),
  SIGNALBOX_RATE_LIMIT_WRITE: perMinute('Commands a minute for each caller.', 1_200),
  SIGNALBOX_RATE_LIMIT_POLL: perMinute('Feed polls a minute for each caller.', 2_400),
  SIGNALBOX_RATE_LIMIT_RPC: perMinute(
    'POSTs to `/rpc` a minute for each address, as many as upstream allows; a caller may make five times as many calls in them.',
    3_000,
  ),
  SIGNALBOX_RATE_LIMIT_CREDENTIALS: perMinute(
    'New credentials a minute for each address; callers without a known address share one such limit.',
    300,
  ),
  SIGNALBOX_RATE_LIMIT_OPERATIONS: perMinute(
    'Requests a minute for pages, health and metrics, for each address.',
    1_200,
  ),
  SIGNALBOX_RATE_LIMIT_ADDRESS_FACTOR: wholeNumber({
    ...rates,
    default: 5,
    min: 1,
    max: 1_000,
    description: 'How many callers’ worth of queries, commands and polls one address may send: people share addresses.',
  }),

  SIGNALBOX_OFFER_DEFAULT_TTL_MS: duration(lifetimes, 'How long an offer lives that does not say.', 60_000, [1, YEAR]),
  SIGNALBOX_OFFER_MIN_TTL_MS: duration(lifetimes, 'Shorter wishes are raised to it.', 60_000, [1, YEAR]),
  SIGNALBOX_OFFER_MAX_TTL_MS: duration(lifetimes, 'Longer wishes are cut to it.', DAY, [1, YEAR]),
  SIGNALBOX_ANSWERED_TTL_MS: duration(lifetimes, 'How long a session lives after its answer.', 30_000, [1, YEAR]),
  SIGNALBOX_ENDED_RETENTION_MS: duration(
    lifetimes,
    'How long an ended session can still be read by its parties.',
    300_000,
    [0, YEAR],
  ),
  SIGNALBOX_RETENTION_MS: duration(
    lifetimes,
    'How long what sessions carried can be read in the log. Then its keys are destroyed; who did what and when stays.',
    7 * DAY,
    [1_000, 10 * YEAR],
  ),
  SIGNALBOX_KEY_EPOCH_MS: duration(
    lifetimes,
    'How long sessions are sealed under the same epoch key: the step in which the retention takes them.',
    HOUR,
    [1_000, 30 * DAY],
  ),
  SIGNALBOX_CREDENTIAL_TTL_MS: duration(lifetimes, 'How long a credential lives that does not say.', YEAR, [
    1_000,
    10 * YEAR,
  ]),
  SIGNALBOX_ROTATION_GRACE_MS: duration(
    lifetimes,
    'How long the old secret works after a rotation that does not say.',
    HOUR,
    [0, DAY],
  ),
  SIGNALBOX_TIMESTAMP_WINDOW_MS: duration(
    lifetimes,
    'How far the time of a signed request may be off, either way.',
    60_000,
    [1_000, HOUR],
  ),
  SIGNALBOX_IDEMPOTENCY_TTL_MS: duration(lifetimes, 'How long an idempotency key is remembered.', DAY, [
    1_000,
    30 * DAY,
  ]),
  SIGNALBOX_SWEEP_INTERVAL_MS: duration(lifetimes, 'How often what has expired is swept away.', 60_000, [100, DAY]),

  SIGNALBOX_MAX_BODY_BYTES: limit('Bytes of a request body.', 8_388_608, 268_435_456, 1_024),
  SIGNALBOX_MAX_SDP_LENGTH: limit('Characters of an SDP.', 65_536, 1_048_576),
  SIGNALBOX_MAX_CANDIDATE_BYTES: limit('Bytes of one ICE candidate as JSON.', 4_096, 1_048_576),
  SIGNALBOX_MAX_CANDIDATE_DEPTH: limit('How deep the JSON of a candidate may nest.', 10, 100),
  SIGNALBOX_MAX_CANDIDATES_PER_REQUEST: limit('Candidates in one request.', 100, 10_000),
  SIGNALBOX_MAX_CANDIDATES_PER_ROLE: limit('Candidates of one party in one session.', 50, 10_000),
  SIGNALBOX_MAX_OFFERS_PER_REQUEST: limit('Offers in one request.', 100, 10_000),
  SIGNALBOX_MAX_BATCH: limit('Requests in one batch.', 100, 10_000),
  SIGNALBOX_MAX_OPERATIONS: limit('Operations in one batch: each offer and each candidate is one.', 1_000, 100_000),
  SIGNALBOX_MAX_TAGS: limit('Tags of one offer.', 20, 1_000),
  SIGNALBOX_MAX_TAG_LENGTH: limit('Characters of one tag.', 64, 1_024),
  SIGNALBOX_MAX_SESSIONS_PER_IDENTITY: limit('Live sessions of one identity.', 1_000, 10_000_000),
  SIGNALBOX_MAX_SESSIONS: limit('Live sessions in all.', 1_000_000, 100_000_000),
  SIGNALBOX_MAX_CREDENTIALS: limit('Live credentials in all.', 50_000, 100_000_000),

  SIGNALBOX_REQUEST_TIMEOUT_MS: duration(
    resilience,
    'How long a request may take before it is answered 503. A long-poll has its wait on top, a batch has 60 s.',
    10_000,
    [10, 600_000],
  ),
  SIGNALBOX_LONG_POLL_MAX_MS: duration(
    resilience,
    'The longest that `Prefer: wait` can ask for.',
    25_000,
    [0, 600_000],
  ),
  SIGNALBOX_SHUTDOWN_TIMEOUT_MS: duration(
    resilience,
    'How long a graceful stop may take before the process is ended.',
    10_000,
    [100, 600_000],
  ),
  SIGNALBOX_MAX_CONNECTIONS: wholeNumber({
    ...resilience,
    default: 20_000,
    min: 1,
    max: 1_000_000,
    description: 'Open connections in all; more are closed at once.',
  }),
  SIGNALBOX_MAX_EVENT_LOOP_DELAY_MS: duration(
    resilience,
    'New requests are answered 503 while the event loop is later than this.',
    500,
    [10, 60_000],
  ),
  SIGNALBOX_MAX_HEAP_PERCENT: wholeNumber({
    ...resilience,
    default: 80,
    min: 10,
    max: 100,
    description: 'New requests are answered 503 while more of the heap limit than this is in use. Percent.',
  }),
  SIGNALBOX_MAX_QUEUE_DEPTH: wholeNumber({
    ...resilience,
    default: 10_000,
    min: 1,
    max: 10_000_000,
    description: 'New requests are answered 503 while more appends than this wait for the log.',
  }),

  SIGNALBOX_LOG_LEVEL: choice({
    ...observability,
    of: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    description: 'The least that is logged.',
  }),
  SIGNALBOX_OTLP_URL: webAddress({
    ...observability,
    unset: 'no traces',
    description: 'Where to send traces, by OTLP over HTTP (`http://collector:4318`).',
  }),

  SIGNALBOX_EVENTSTOREDB_URL: serverAddress({
    ...stack,
    schemes: ['esdb', 'esdb+discover'],
    description: 'The event log. User, password, TLS and keep-alive belong into the URL.',
  }),
  SIGNALBOX_KAFKA_BROKERS: hosts({ ...stack, description: 'Some of the brokers of the bus; they name the others.' }),
  SIGNALBOX_KAFKA_TLS: choice({
    ...stack,
    of: ['off', 'on'],
    default: 'off',
    description: 'Whether the brokers are spoken to over TLS, by certificates that this machine trusts.',
  }),
  SIGNALBOX_KAFKA_LOGIN: login({
    ...stack,
    description: 'Who this process is to the brokers (SASL), where they want to know.',
  }),
  SIGNALBOX_KAFKA_PARTITIONS: wholeNumber({
    ...stack,
    default: 12,
    min: 1,
    max: 64,
    description: 'Into how many partitions the topic of events is made: as many projectors can share the work.',
  }),
  SIGNALBOX_KAFKA_REPLICATION: wholeNumber({
    ...stack,
    default: 1,
    min: 1,
    max: 9,
    description: 'On how many brokers each topic is kept. Three is usual where there are three.',
  }),
  SIGNALBOX_REDIS_URL: serverAddress({
    ...stack,
    schemes: ['redis', 'rediss'],
    description: 'Read models, nonces, limits and idempotency records. Redis 7 or Valkey 8.',
  }),
  SIGNALBOX_KEYS_URL: serverAddress({
    ...stack,
    schemes: ['redis', 'rediss'],
    description:
      'The keys that payloads are sealed with: a Redis of its own, with `appendonly yes` and `appendfsync always`. Without what it holds the log cannot be read.',
  }),
  SIGNALBOX_NAMESPACE: name({
    ...stack,
    default: 'signalbox',
    description: 'Begins the name of every topic, consumer group and key, so that several stacks can share brokers.',
  }),
  SIGNALBOX_CONSISTENCY_WAIT_MS: duration(
    stack,
    'How long a query waits for what its consistency token stands for, and `/rpc` for what it has just written.',
    2_000,
    [0, 60_000],
  ),
  SIGNALBOX_SHOWN_WITHIN_MS: duration(
    stack,
    'How long a command, once it is recorded, waits to be shown before it answers. 0 answers at once: then only who sends the consistency token back is sure to read what was written.',
    250,
    [0, 10_000],
  ),
  SIGNALBOX_SESSION_TIMEOUT_MS: duration(
    stack,
    'How long a projector or relay may be silent before its work goes to another one.',
    10_000,
    [1_000, 300_000],
  ),
});
export type Environment = z.infer<typeof environment>;
