import { z } from 'zod';
import type { InputLimits } from './limits.ts';
import { credentialName, plainName, serviceRange, serviceVersion } from './names.ts';
import { opaqueJson } from './opaque-json.ts';

/** Bodies, paths and queries of HTTP v1. Times are epoch milliseconds, durations end in `Ms`. */

const time = z.int().meta({ description: 'Epoch milliseconds.' });
const identity = z.string().meta({ description: 'A credential name, or the 64 hex digits of an Ed25519 public key.' });
const sessionId = z.string().min(1).max(128);
const cursor = z.string().min(1).max(2_048);
const MAX_DURATION_MS = 10 * 365 * 24 * 3_600_000;
const durationMs = z.int().min(0).max(MAX_DURATION_MS);
/** One of the states that a browser knows; null when it is not told. */
const state = (...names: [string, ...string[]]) => z.enum(names).nullable().default(null);
const candidateType = z
  .enum(['host', 'srflx', 'prflx', 'relay'])
  .nullable()
  .default(null)
  .meta({ description: 'Of the selected pair, as `getStats()` tells it; null when there was none.' });
/** A query parameter that may be given once or more often. */
const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess((v) => (v === undefined ? [] : Array.isArray(v) ? v : [v]), z.array(item));

export const createV1 = (limits: InputLimits) => {
  const tag = z
    .string()
    .refine((text) => text.length <= limits.maxTagLength && plainName.test(text), {
      error: `is not a tag: 1 to ${limits.maxTagLength} of a–z 0–9 . - with a letter or digit at both ends`,
      params: { code: 'INVALID_TAG' },
    })
    .meta({ minLength: 1, maxLength: limits.maxTagLength, pattern: plainName.source });
  const tags = z
    .array(tag)
    .refine((list) => list.length <= limits.maxTags && new Set(list).size === list.length, {
      error: `must be at most ${limits.maxTags} different tags`,
      params: { code: 'INVALID_TAG' },
    })
    .meta({ maxItems: limits.maxTags, uniqueItems: true });
  const someTags = tags.refine((list) => list.length > 0, {
    error: 'must name at least one tag',
    params: { code: 'INVALID_TAG' },
  });
  const sdp = z
    .string()
    .refine((text) => text.length <= limits.maxSdpLength, {
      error: `is longer than ${limits.maxSdpLength} characters`,
      params: { code: 'SDP_TOO_LARGE' },
    })
    .refine((text) => text.trim() !== '', { error: 'must not be empty', params: { code: 'INVALID_SDP' } })
    .meta({
      maxLength: limits.maxSdpLength,
      description: 'A session description. The server does not look into it; it may be sealed end to end.',
    });
  const candidate = opaqueJson({ maxBytes: limits.maxCandidateBytes, maxDepth: limits.maxCandidateDepth });
  const queryTags = listOf(tag).pipe(tags);

  const offer = z.object({
    sessionId,
    publisher: identity,
    tags: z.array(z.string()),
    service: z.string().optional().meta({ description: '`name@version`' }),
    sdp: z.string(),
    createdAt: time,
    expiresAt: time,
  });

  return {
    sessionPath: z.object({ sessionId }),
    credentialPath: z.object({ name: credentialName }),

    issueCredential: {
      body: z.strictObject({ name: credentialName.optional(), ttlMs: durationMs.min(1_000).optional() }).optional(),
      answer: z.object({
        name: z.string(),
        secret: z.string().meta({ description: '32 bytes as 64 hex digits. Shown once.' }),
        expiresAt: time,
        token: z.string(),
        tokenExpiresAt: time,
      }),
    },
    rotateCredential: {
      body: z.strictObject({ graceMs: durationMs.max(24 * 3_600_000).optional() }).optional(),
      answer: z.object({ name: z.string(), secret: z.string(), previousValidUntil: time, expiresAt: time }),
    },
    issueToken: {
      body: z.strictObject({ scope: z.enum(['client', 'audit', 'admin']).optional() }).optional(),
      answer: z.object({ token: z.string(), tokenExpiresAt: time }),
    },
    publish: {
      body: z
        .strictObject({
          tags: tags.optional(),
          service: serviceVersion.optional(),
          ttlMs: durationMs.optional(),
          offers: z
            .array(z.strictObject({ sdp }))
            .refine((list) => list.length > 0, {
              error: 'must hold at least one offer',
              params: { code: 'MISSING_PARAMS' },
            })
            .refine((list) => list.length <= limits.maxOffersPerRequest, {
              error: `may hold ${limits.maxOffersPerRequest} offers at most`,
              params: { code: 'TOO_MANY_OFFERS' },
            })
            .meta({ minItems: 1, maxItems: limits.maxOffersPerRequest }),
        })
        .refine((body) => (body.tags?.length ?? 0) > 0 || body.service !== undefined, {
          error: 'needs at least one tag, or a service',
          path: ['tags'],
          params: { code: 'INVALID_TAG' },
        }),
      answer: z.object({ sessions: z.array(z.object({ sessionId, createdAt: time, expiresAt: time })) }),
    },
    retag: {
      body: z.strictObject({ tags: someTags }),
      answer: z.object({ sessionId, tags: z.array(z.string()) }),
    },
    answer: {
      body: z.strictObject({ sdp, matchedTags: tags.optional() }),
      answer: z.object({ sessionId, answeredAt: time, expiresAt: time }),
    },
    addCandidates: {
      body: z.strictObject({
        candidates: z
          .array(candidate)
          .max(limits.maxCandidatesPerRequest)
          .refine((list) => list.length > 0, {
            error: 'must hold at least one candidate',
            params: { code: 'MISSING_PARAMS' },
          }),
      }),
      answer: z.object({ count: z.int() }),
    },
    report: {
      body: z.strictObject({
        outcome: z.enum(['connected', 'failed']),
        localCandidateType: candidateType,
        remoteCandidateType: candidateType,
        roundTripTimeMs: z.number().min(0).max(600_000).nullable().default(null),
        iceConnectionState: state('new', 'checking', 'connected', 'completed', 'failed', 'disconnected', 'closed'),
        iceGatheringState: state('new', 'gathering', 'complete'),
        connectionState: state('new', 'connecting', 'connected', 'disconnected', 'failed', 'closed'),
      }),
    },

    discover: {
      query: z
        .strictObject({
          tag: queryTags,
          service: serviceRange.optional(),
          limit: z.coerce.number().int().min(1).max(100).default(20),
          cursor: cursor.optional(),
          pick: z.literal('random').optional(),
        })
        .refine((query) => query.tag.length > 0 || query.service !== undefined, {
          error: 'ask for at least one tag (?tag=chat), or a service',
          path: ['tag'],
          params: { code: 'INVALID_TAG' },
        }),
      answer: z.union([z.object({ sessions: z.array(offer), cursor: z.string().nullable() }), offer]),
    },
    countTags: {
      query: z.strictObject({
        tag: queryTags.pipe(someTags),
        unique: z.enum(['true', 'false']).optional(),
      }),
      answer: z.object({ counts: z.record(z.string(), z.int()) }),
    },
    getSession: {
      answer: z.object({
        sessionId,
        state: z.enum(['open', 'answered']),
        role: z.enum(['offerer', 'answerer']),
        tags: z.array(z.string()),
        service: z.string().optional(),
        offer: z.object({ publisher: identity, sdp: z.string(), createdAt: time }),
        answer: z
          .object({
            answerer: identity,
            sdp: z.string(),
            matchedTags: z.array(z.string()).optional(),
            answeredAt: time,
          })
          .optional(),
        candidates: z.object({ offerer: z.int(), answerer: z.int() }),
        createdAt: time,
        expiresAt: time,
      }),
    },
    getCandidates: {
      query: z.strictObject({ cursor: cursor.optional() }),
      answer: z.object({
        candidates: z.array(z.object({ candidate: z.custom<unknown>().meta({ type: 'object' }), createdAt: time })),
        cursor: z.string(),
      }),
    },
    feed: {
      query: z.strictObject({
        cursor: cursor.optional(),
        limit: z.coerce.number().int().min(1).max(1_000).default(100),
      }),
      answer: z.object({
        items: z.array(
          z.looseObject({
            cursor: z.string(),
            at: time,
            type: z.enum(['answered', 'candidates', 'withdrawn', 'expired']),
            sessionId,
          }),
        ),
        cursor: z.string(),
        recovered: z.boolean(),
      }),
    },
    batch: {
      body: z.strictObject({
        requests: z
          .array(
            z.strictObject({
              method: z.enum(['GET', 'POST', 'PATCH', 'DELETE']),
              path: z
                .string()
                .max(2_048)
                .regex(/^\/v1\//, 'must begin with /v1/'),
              headers: z.record(z.string().max(64), z.string().max(8_192)).optional(),
              body: z.unknown().optional().meta({
                description: 'A JSON value, or a string that holds the exact bytes that were signed.',
              }),
            }),
          )
          .min(1),
      }),
      answer: z.object({
        responses: z.array(
          z.object({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.unknown().optional() }),
        ),
      }),
    },
  };
};

export type V1 = ReturnType<typeof createV1>;
