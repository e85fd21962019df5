import { z } from 'zod';
import { credentialName, serviceRange } from './names.ts';

/** The flight recorder over HTTP. Times are epoch milliseconds, hashes hex. */

const time = z.int().meta({ description: 'Epoch milliseconds.' });
const moment = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const identity = z.string().min(1).max(256);
const sessionId = z.string().min(1).max(128);
const cursor = z.string().min(1).max(2_048);
const nextCursor = z.string().nullable().meta({ description: 'Null after the last page.' });
const traceId = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits');
const text = z.string().min(1).max(256);
const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess((v) => (v === undefined ? [] : Array.isArray(v) ? v : [v]), z.array(item).max(20));
const limit = (most: number, usual: number) => z.coerce.number().int().min(1).max(most).default(usual);
const sha256 = z.string().meta({ description: 'SHA-256 over the canonical JSON (names sorted), in hex.' });

const authorisation = z.object({
  scheme: z.enum(['http-signature', 'rondevu', 'token', 'admin', 'anonymous', 'internal']),
  key: z.string().nullable(),
  algorithm: z.enum(['ed25519', 'hmac-sha256']).nullable(),
  nonce: z.string().nullable(),
  timestamp: z.number().nullable(),
  signature: z.string().nullable(),
  signedTextHash: z.string().nullable(),
});

const entry = z
  .object({
    position: z.int(),
    stream: z.string(),
    revision: z.int(),
    eventId: z.string(),
    type: z.string(),
    schemaVersion: z.int(),
    at: time.meta({ description: 'When it was recorded, epoch milliseconds.' }),
    actor: z.string(),
    correlationId: z.string(),
    causationId: z.string(),
    traceId: z.string().nullable(),
    authorisation: authorisation.nullable(),
    keyId: z.string().nullable(),
    hash: z.string().nullable(),
    previousHash: z.string().nullable(),
    size: z.int().meta({ description: 'Bytes of the payload, as it is stored.' }),
    payload: z.record(z.string(), z.unknown()).nullable(),
    readable: z.boolean().meta({ description: 'False: its key was destroyed, or it is not what was sealed.' }),
  })
  .readonly();

const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();

const refusal = z
  .object({
    code: z.string(),
    operation: z.string(),
    identity: z.string().nullable(),
    count: z.int(),
    firstAt: time,
    lastAt: time,
    detail: z.string().nullable(),
  })
  .readonly();

const verdict = z
  .object({
    outcome: z.enum(['connected', 'failed', 'waiting', 'unknown']),
    cause: z.string(),
    certain: z.boolean(),
    sentence: z.string(),
    evidence: list(z.object({ position: z.int(), eventId: z.string(), says: z.string() }).readonly()),
    advice: list(z.string()),
    alternatives: list(z.string()),
    contradiction: z.string().nullable(),
  })
  .readonly();

const service = z.string().nullable().meta({ description: '`name@version`' });

const recordedSession = z
  .object({
    sessionId,
    publisher: z.string(),
    answerer: z.string().nullable(),
    tags: list(z.string()).meta({ description: 'Every tag that it ever carried; none once it was redacted.' }),
    service,
    state: z.enum(['open', 'answered', 'withdrawn', 'expired', 'redacted']),
    publishedAt: time,
    endedAt: time.nullable(),
    traces: list(z.string()),
    redacted: z.boolean(),
  })
  .readonly();

const recordedCredential = z
  .object({ name: z.string(), issuedAt: time, endedAt: time.nullable(), redacted: z.boolean() })
  .readonly();

const offer = z
  .object({
    sessionId,
    publisher: z.string(),
    tags: list(z.string()),
    service,
    sdp: z.string(),
    createdAt: time,
    expiresAt: time,
  })
  .readonly();

const pastMoment = moment.meta({ description: 'Epoch milliseconds; not in the future.' });

const momentQuery = z
  .strictObject({ at: pastMoment.optional(), revision: moment.optional() })
  .refine(({ at, revision }) => at === undefined || revision === undefined, {
    error: 'ask for a time or for a revision, not for both',
  });

const stateAnswer = {
  at: time.nullable(),
  revision: z.int(),
  position: z.int(),
  state: z.unknown().meta({ type: 'object', description: 'As the log had recorded it by then.' }),
  stateHash: sha256,
  dueAt: time.nullable().meta({
    description: 'When it was to end by itself, epoch milliseconds; null where it had ended, or cannot be read.',
  }),
  overdue: z.boolean().meta({
    description:
      'True: past `dueAt` at the moment that was asked for. The log had not recorded the end yet, and it was of no use to anybody.',
  }),
};

const rebuild = z
  .object({
    rebuildId: z.string(),
    name: z.string(),
    state: z.enum(['waiting', 'running', 'done', 'failed']),
    events: z.int(),
    position: z.int(),
    head: z.int(),
  })
  .readonly();

export const auditApi = {
  sessionPath: z.object({ sessionId }),
  credentialPath: z.object({ name: credentialName }),
  identityPath: z.object({ identity }),

  session: {
    answer: z.object({
      sessionId,
      state: z.enum(['open', 'answered', 'withdrawn', 'expired', 'redacted', 'unreadable']),
      offerer: z.string().nullable(),
      answerer: z.string().nullable(),
      redacted: z.boolean(),
      entries: list(entry),
      refusals: list(refusal),
      verdict,
    }),
  },
  sessionState: { query: momentQuery, answer: z.object({ sessionId, ...stateAnswer }) },
  credential: {
    answer: z.object({
      name: z.string(),
      state: z.enum(['active', 'revoked', 'expired', 'redacted', 'unreadable']),
      redacted: z.boolean(),
      entries: list(entry),
    }),
  },
  credentialState: { query: momentQuery, answer: z.object({ name: z.string(), ...stateAnswer }) },
  sessions: {
    query: z.strictObject({
      identity: identity.optional(),
      tag: text.optional(),
      trace: traceId.optional(),
      from: moment.optional(),
      to: moment.optional(),
      limit: limit(200, 50),
      cursor: cursor.optional(),
    }),
    answer: z.object({ sessions: list(recordedSession), cursor: nextCursor }),
  },
  identity: {
    query: z.strictObject({ limit: limit(50, 20), cursor: cursor.optional() }),
    answer: z.object({
      identity,
      sessions: list(recordedSession),
      credential: recordedCredential.nullable(),
      events: list(entry),
      cursor: nextCursor,
    }),
  },
  events: {
    query: z.strictObject({
      from: moment.optional(),
      to: moment.optional(),
      type: text.optional(),
      trace: traceId.optional(),
      stream: z
        .string()
        .max(256)
        .regex(/^[^-]+-./, 'must be <category>-<id>')
        .optional(),
      order: z.enum(['oldest', 'newest']).default('oldest'),
      limit: limit(1_000, 100),
      cursor: cursor.optional(),
    }),
    answer: z.object({
      events: list(entry),
      cursor: nextCursor.meta({
        description: 'Where the next page begins; null at the end. A page may be empty and not be the last.',
      }),
      resume: z.string().meta({ description: 'A cursor for what is recorded after this answer, oldest first.' }),
    }),
  },
  discovery: {
    query: z.strictObject({
      at: pastMoment.optional().meta({ description: 'Epoch milliseconds; not in the future. Without it: now.' }),
      tag: listOf(text),
      service: serviceRange.optional(),
      limit: limit(1_000, 100),
    }),
    answer: z.object({
      at: time,
      position: z.int(),
      sessions: list(offer),
      unreadable: z.int().meta({ description: 'Offers of that moment whose key was destroyed since.' }),
      stateHash: sha256,
    }),
  },
  health: {
    answer: z.object({
      head: z.int(),
      checkpoint: z
        .object({ size: z.int(), position: z.int(), signedAt: time, ageMs: z.int(), behind: z.int() })
        .nullable(),
      contradiction: z.object({ reason: z.string(), since: time }).nullable().meta({
        description:
          'What in the log contradicts what was signed. Nothing is signed until `POST /v1/admin/checkpoints/acceptances`.',
      }),
      verification: z
        .object({
          verifiedAt: time,
          position: z.int(),
          size: z.int(),
          intact: z.boolean(),
          firstDifference: z.int().nullable(),
        })
        .nullable(),
      keys: z.record(z.string(), z.unknown()),
      readModels: list(z.object({ name: z.string(), position: z.int(), behind: z.int() }).readonly()),
    }),
  },
  acceptance: {
    body: z.strictObject({
      reason: z
        .string()
        .trim()
        .min(1)
        .max(500)
        .meta({ description: 'Why the log may go on as it is; it is recorded.' }),
    }),
    answer: z.object({
      acceptedAt: time,
      contradiction: z.string().meta({ description: 'What was accepted.' }),
    }),
  },
  readModelPath: z.object({ name: text }),
  rebuildPath: z.object({ name: text, rebuildId: text }),
  beginRebuild: { answer: z.object({ rebuildId: z.string() }) },
  rebuild: { answer: rebuild },
};

/**
 * An event as CloudEvents 1.0 in JSON has it: the attributes that the bus carries as headers, and the data as the log has
 * it, JSON or sealed bytes in base64.
 */
export const cloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  type: z.string(),
  source: z.string(),
  subject: z.string().meta({ description: 'The stream.' }),
  time: z.iso.datetime({ precision: 3 }),
  datacontenttype: z.enum(['application/json', 'application/octet-stream']),
  revision: z.string().regex(/^\d+$/),
  position: z.string().regex(/^\d+$/),
  schemaversion: z.string().regex(/^\d+$/),
  keyid: z.string().optional(),
  actor: z.string(),
  correlationid: z.string(),
  causationid: z.string(),
  traceparent: z.string().optional(),
  authorisation: z.string().optional().meta({ description: 'JSON: what allowed the change.' }),
  hash: z.string().optional().meta({ description: 'base64url' }),
  previoushash: z.string().optional().meta({ description: 'base64url' }),
  data: z.unknown().optional(),
  data_base64: z.string().optional(),
});

export type CloudEvent = z.input<typeof cloudEvent>;
