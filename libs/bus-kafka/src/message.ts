import { type EventHeaders, eventMessage } from '@signalbox/contracts';
import type { RecordedEvent, StreamName } from '@signalbox/event-sourcing';
import type { IHeaders, KafkaMessage } from 'kafkajs';

/** The event as a message of `contracts`. */
export const headersOf = (event: RecordedEvent, source: string, publishedUpTo: number): EventHeaders => {
  const { keyId, hash, previousHash, metadata } = event;
  return {
    'content-type': keyId === null ? 'application/json' : 'application/octet-stream',
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_type: event.type,
    ce_source: source,
    ce_subject: event.stream,
    ce_time: new Date(event.recordedAt).toISOString(),
    ce_revision: String(event.revision),
    ce_position: String(event.position),
    ce_schemaversion: String(event.schemaVersion),
    ...(keyId === null ? {} : { ce_keyid: keyId }),
    ce_actor: metadata.actor,
    ce_correlationid: metadata.correlationId,
    ce_causationid: metadata.causationId,
    ...(metadata.trace === null ? {} : { ce_traceparent: metadata.trace }),
    ...(metadata.authorisation === null ? {} : { ce_authorisation: JSON.stringify(metadata.authorisation) }),
    ce_publishedupto: String(publishedUpTo),
    ...(hash === null ? {} : { ce_hash: Buffer.from(hash).toString('base64url') }),
    ...(previousHash === null ? {} : { ce_previoushash: Buffer.from(previousHash).toString('base64url') }),
  };
};

export type Read =
  | { readonly kind: 'event'; readonly event: RecordedEvent; readonly publishedUpTo: number }
  | { readonly kind: 'unreadable'; readonly detail: string };

/** The event in a message, or what makes it none. Nothing that anybody may have sent makes it throw. */
export const eventIn = ({ key, value, headers }: Pick<KafkaMessage, 'key' | 'value' | 'headers'>): Read => {
  const parsed = eventMessage.safeParse({ key: key?.toString(), value, headers: textOf(headers ?? {}) });
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.slice(-1).join()} ${message}`);
    return { kind: 'unreadable', detail: wrong.join('; ').slice(0, 1_000) };
  }
  const { headers: read, value: data } = parsed.data;
  return {
    kind: 'event',
    publishedUpTo: read.ce_publishedupto,
    event: {
      id: read.ce_id,
      type: read.ce_type,
      schemaVersion: read.ce_schemaversion,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      keyId: read.ce_keyid ?? null,
      metadata: {
        actor: read.ce_actor,
        correlationId: read.ce_correlationid,
        causationId: read.ce_causationid,
        trace: read.ce_traceparent ?? null,
        authorisation: read.ce_authorisation ?? null,
      },
      stream: read.ce_subject as StreamName,
      revision: read.ce_revision,
      position: read.ce_position,
      recordedAt: read.ce_time,
      hash: bytesOf(read.ce_hash),
      previousHash: bytesOf(read.ce_previoushash),
    },
  };
};

/** A header may be repeated on the wire; one that is has no single meaning, and is left for the check to miss. */
const textOf = (headers: IHeaders): Record<string, string> => {
  const text: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && value !== null && !Array.isArray(value)) text[name] = value.toString();
  }
  return text;
};

const bytesOf = (text: string | undefined): Uint8Array | null =>
  text === undefined ? null : new Uint8Array(Buffer.from(text, 'base64url'));
