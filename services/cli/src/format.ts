import type { Authorisation, EventMetadata, RecordedEvent, StreamName } from '@signalbox/event-sourcing';
import { z } from 'zod';

/**
 * An exported log: lines of JSON. A head, then events in the order of their positions, in blocks that each end with a
 * check, and an end. Bytes are base64. Each check, and the end, has the number of events so far and the SHA-256 of all
 * bytes before its own line, so nothing has to be believed before it was checked, and a file that was cut off, altered
 * or put together differently is noticed. The sums are against accidents: whoever can write the file can write them too.
 */
export const FORMAT = 'signalbox-log';

/** The same lines, of one session alone. It is for people and their tools: nothing imports it. */
export const SESSION_FORMAT = 'signalbox-session';

/** Grows when an older reader would misunderstand. */
export const VERSION = 1;

/** A block may not be larger: it is held in memory until it was checked. */
export const MAX_BLOCK_BYTES = 64 << 20;

const wholeNumber = z.int().min(0);
const nullable = z.string().nullable();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is no SHA-256 in hex');

/** What the first line of any version has. */
export const anyHead = z.object({ kind: z.literal('log'), format: z.literal(FORMAT), version: wholeNumber });

export const head = z.strictObject({
  ...anyHead.shape,
  version: z.literal(VERSION),
  logId: z.string().min(1),
  /** The position of the last event; 0 for an empty log. */
  head: wholeNumber,
});

const authorisation: z.ZodType<Authorisation> = z.strictObject({
  scheme: z.enum(['http-signature', 'rondevu', 'token', 'admin', 'anonymous', 'internal']),
  key: nullable,
  algorithm: z.enum(['ed25519', 'hmac-sha256']).nullable(),
  nonce: nullable,
  timestamp: z.int().nullable(),
  signature: nullable,
  signedTextHash: nullable,
});

const metadata: z.ZodType<EventMetadata> = z.strictObject({
  actor: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  trace: nullable,
  authorisation: authorisation.nullable(),
});

const event = z.strictObject({
  kind: z.literal('event'),
  position: wholeNumber.min(1),
  stream: z.string().regex(/^[^-]+-./s, 'is no name of a stream'),
  revision: wholeNumber,
  id: z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'is no UUID in lower case'),
  type: z.string().min(1),
  schemaVersion: wholeNumber,
  recordedAt: z.int(),
  metadata,
  keyId: nullable,
  hash: z.base64().nullable(),
  previousHash: z.base64().nullable(),
  data: z.base64(),
});

const check = z.strictObject({ kind: z.literal('check'), count: wholeNumber, sha256 });
const end = z.strictObject({ ...check.shape, kind: z.literal('end') });

/** Any line but the first. */
export const line = z.discriminatedUnion('kind', [event, check, end]);

export type Head = z.infer<typeof head>;
export type SessionHead = Omit<Head, 'format'> & {
  readonly format: typeof SESSION_FORMAT;
  readonly sessionId: string;
};
export type EventLine = z.infer<typeof event>;
export type SumLine = z.infer<typeof check> | z.infer<typeof end>;

export const lineOf = (event: RecordedEvent): EventLine => ({
  kind: 'event',
  position: event.position,
  stream: event.stream,
  revision: event.revision,
  id: event.id,
  type: event.type,
  schemaVersion: event.schemaVersion,
  recordedAt: event.recordedAt,
  metadata: event.metadata,
  keyId: event.keyId,
  hash: event.hash && base64(event.hash),
  previousHash: event.previousHash && base64(event.previousHash),
  data: base64(event.data),
});

export const eventOf = ({ kind, hash, previousHash, data, stream, ...rest }: EventLine): RecordedEvent => ({
  ...rest,
  stream: stream as StreamName,
  hash: hash === null ? null : bytes(hash),
  previousHash: previousHash === null ? null : bytes(previousHash),
  data: bytes(data),
});

const base64 = (value: Uint8Array): string =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');

const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
