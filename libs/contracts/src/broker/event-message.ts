import { z } from 'zod';

/**
 * An event on the bus: CloudEvents 1.0 in the binary mode of its Kafka binding. Attributes are headers, `ce_` before
 * their names; the value is the event's data as the log has it, JSON or sealed bytes; the key is the stream. Headers
 * that are not named here mean nothing and are let through.
 */

const wholeNumber = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/, 'is not a whole number')
  .transform(Number)
  .refine(Number.isSafeInteger, 'is too large');

const text = z.string().min(1);

const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/, 'is not base64url');

const timestamp = z.iso.datetime({ precision: 3 }).transform((written) => Date.parse(written));

/** What allowed the change, as the log keeps it. */
const authorisation = z.object({
  scheme: z.enum(['http-signature', 'rondevu', 'token', 'admin', 'anonymous', 'internal']),
  key: z.string().nullable(),
  algorithm: z.enum(['ed25519', 'hmac-sha256']).nullable(),
  nonce: z.string().nullable(),
  timestamp: z.number().nullable(),
  signature: z.string().nullable(),
  signedTextHash: z.string().nullable(),
});

const json = z.string().transform((written, context): unknown => {
  try {
    return JSON.parse(written);
  } catch {
    context.issues.push({ code: 'custom', message: 'is not JSON', input: written });
    return z.NEVER;
  }
});

export const eventHeaders = z.object({
  'content-type': z
    .enum(['application/json', 'application/octet-stream'])
    .meta({ description: 'Of the value: JSON, or bytes that the key `ce_keyid` sealed.' }),
  ce_specversion: z.literal('1.0'),
  ce_id: z.guid().meta({ description: 'The event: the same id is the same event, however often it comes.' }),
  ce_type: text.meta({ description: 'Such as OfferPublished.' }),
  ce_source: text.meta({ description: 'The deployment whose log holds the event.' }),
  ce_subject: z
    .string()
    .regex(/^[^-]+-/, 'is not a stream')
    .meta({ description: 'The stream: category, a dash, and the id.' }),
  ce_time: timestamp.meta({ description: 'When the log recorded it, in UTC with milliseconds.' }),
  ce_revision: wholeNumber.meta({ description: 'Counts from 0 within the stream, without gaps.' }),
  ce_position: wholeNumber.meta({ description: 'Orders the whole log; grows, but not by ones.' }),
  ce_schemaversion: wholeNumber.meta({ description: 'Of the type: which shape the data has.' }),
  ce_keyid: text.optional().meta({ description: 'The key that sealed the value; absent when it is not sealed.' }),
  ce_actor: z.string().meta({ description: 'The identity that caused the event, or system:<part>.' }),
  ce_correlationid: z.string().meta({ description: 'The request that started it all.' }),
  ce_causationid: z.string().meta({ description: 'The message that led to this event.' }),
  ce_traceparent: z.string().optional().meta({ description: 'W3C trace context of the request.' }),
  ce_authorisation: json.pipe(authorisation).optional().meta({ description: 'JSON: what allowed the change.' }),
  ce_publishedupto: wholeNumber.meta({
    description: 'The position up to which every event had been acknowledged by the bus when this one was sent.',
  }),
  ce_hash: base64url.optional().meta({ description: 'SHA-256 chain of the stream, where the log is sealed.' }),
  ce_previoushash: base64url.optional().meta({ description: 'The hash of the stream’s event before this one.' }),
});

export const eventMessage = z
  .object({
    key: z.string(),
    headers: eventHeaders,
    value: z.instanceof(Uint8Array, { error: 'has no value' }),
  })
  .refine(({ key, headers }) => key === headers.ce_subject, { path: ['key'], error: 'is not the stream' });

/** As it travels: every header is text. */
export type EventHeaders = z.input<typeof eventHeaders>;

/** As it is understood: numbers are numbers, times are epoch milliseconds. */
export type EventMessage = z.output<typeof eventMessage>;
