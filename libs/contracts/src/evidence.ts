import { z } from 'zod';

/** Answers of the audit API that prove something. Bytes are base64, times epoch milliseconds. */

const count = z.int().min(0);
const base64 = z.base64();
const hashHex = z.string().regex(/^[0-9a-f]{64}$/);
const nullable = z.string().nullable();

const note = z.string().meta({
  description: 'A checkpoint as a signed note: https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint.',
});
const publicKey = z.string().meta({ description: '`<name>+<key id>+<base64>`, as signed notes have them.' });

export const checkpointsQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().min(1).max(200).optional(),
});

export const checkpointsAnswer = z.object({
  origin: z.string(),
  keys: z.array(z.object({ keyId: z.string(), publicKey })),
  checkpoints: z
    .array(z.object({ size: count, root: hashHex, position: count, signedAt: z.int(), note }))
    .meta({ description: 'Newest first.' }),
  cursor: z.string().nullable(),
});

export const provenSessionPath = z.object({ sessionId: z.string().min(1).max(128) });

export const eventPath = z.object({ eventId: z.string().min(1).max(64) });

export const eventProofQuery = z.strictObject({
  position: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Where the event is. The stack needs it for events whose id is no UUID of version 7.' }),
});

export const eventProof = z.object({
  eventId: z.string(),
  position: count,
  recordedAt: z.int(),
  hash: hashHex.meta({ description: 'Made anew of what is stored.' }),
  leaf: z.string().meta({ description: 'What the leaf hash is made of.' }),
  leafHash: hashHex,
  index: count,
  size: count,
  root: hashHex,
  hashes: z.array(hashHex).meta({ description: 'An inclusion proof of RFC 9162, 2.1.3.' }),
  checkpoint: note,
});

export const consistencyQuery = z.object({ from: z.coerce.number().int().min(0), to: z.coerce.number().int().min(0) });

export const consistencyAnswer = z.object({
  from: count,
  to: count,
  roots: z.object({ from: hashHex, to: hashHex }),
  hashes: z.array(hashHex).meta({ description: 'A consistency proof of RFC 9162, 2.1.4.' }),
});

const authorisation = z.object({
  scheme: z.enum(['http-signature', 'rondevu', 'token', 'admin', 'anonymous', 'internal']),
  key: nullable,
  algorithm: z.enum(['ed25519', 'hmac-sha256']).nullable(),
  nonce: nullable,
  timestamp: z.int().nullable(),
  signature: nullable,
  signedTextHash: nullable,
});

/** The answer of `GET /v1/audit/sessions/{id}/proof`, and the file that `signalbox proof` writes. */
export const sessionProof = z.object({
  format: z.literal('signalbox-proof'),
  version: z.literal(1),
  logId: z.string(),
  sessionId: z.string(),
  checkpoint: note,
  keys: z.array(publicKey).readonly(),
  events: z
    .array(
      z.object({
        position: count,
        stream: z.string(),
        revision: count,
        id: z.string(),
        type: z.string(),
        schemaVersion: count,
        recordedAt: z.int(),
        metadata: z.object({
          actor: z.string(),
          correlationId: z.string(),
          causationId: z.string(),
          trace: nullable,
          authorisation: authorisation.nullable(),
        }),
        keyId: nullable,
        hash: base64.nullable(),
        previousHash: base64.nullable(),
        data: base64,
        inclusion: z.object({ index: count, hashes: z.array(base64).readonly() }).nullable(),
      }),
    )
    .readonly(),
});
