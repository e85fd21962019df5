import {
  type Decoded,
  type EncodedEvent,
  type EventCodec,
  type RecordedEvent,
  UnknownEventType,
  UnreadableEvent,
} from '@signalbox/event-sourcing';
import type { EventOf, EventSchema } from './event-schema.ts';

/** An event was about to be stored that could not be read again. Nothing was written. */
export class UnwritableEvent extends Error {
  readonly code = 'UNWRITABLE_EVENT';
  constructor(type: string, options?: { readonly cause?: unknown }) {
    super(`The event ${type} does not match its schema, so it cannot be stored.`, options);
    this.name = 'UnwritableEvent';
  }
}

type AnyEvent = { readonly type: string; readonly data: unknown };
type AnySchema = EventSchema<string, unknown>;

/** Which event each encoded `data` holds, by reference. Codecs that share it know what the others have encoded. */
export type Written = WeakMap<Uint8Array, AnyEvent>;

/**
 * Stores data as JSON in UTF-8, in the newest version of its schema; the bytes depend on nothing but the data. What
 * cannot be read again is not written. `data` owns its buffer, so that it can be handed to a thread.
 *
 * Bytes that were encoded here are known again by reference, as long as they live, and give the event that they were
 * made of: a process that projects what it has just written parses nothing.
 */
export const createCodec = <S extends EventSchema<string, unknown>>(
  schemas: readonly S[],
  written: Written = new WeakMap(),
): EventCodec<EventOf<S>> => {
  const byType = new Map(schemas.map((schema): [string, AnySchema] => [schema.type, schema]));

  const encode = (event: AnyEvent): EncodedEvent => {
    const schema = byType.get(event.type);
    if (!schema) throw new UnwritableEvent(event.type, { cause: new Error('There is no schema for this type.') });
    const { type, version: schemaVersion } = schema;
    const data = bytesOf(schema, event);
    written.set(data, event);
    return { type, schemaVersion, data, keyId: null };
  };

  const decode = (recorded: RecordedEvent, unknown: 'skip' | 'stop'): Decoded<AnyEvent> | undefined => {
    const schema = byType.get(recorded.type);
    if (!schema) {
      if (unknown === 'skip') return undefined;
      throw new UnknownEventType(recorded.type, recorded.position);
    }
    const { id, keyId, metadata, stream, revision, position, recordedAt, hash, previousHash } = recorded;
    const event = written.get(recorded.data) ?? { type: schema.type, data: dataOf(schema, recorded) };
    return { id, keyId, metadata, stream, revision, position, recordedAt, hash, previousHash, event };
  };

  return {
    encode: async (_stream, _firstRevision, events) => events.map(encode),
    // The schemas' own types say that each event has the shape that belongs to its type.
    decode: async (recorded, unknown) =>
      recorded.map((one) => decode(one, unknown)).filter((one) => one !== undefined) as Decoded<EventOf<S>>[],
  };
};

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const bytesOf = (schema: AnySchema, event: AnyEvent): Uint8Array => {
  try {
    return encoder.encode(JSON.stringify(schema.parse(schema.version, event.data)));
  } catch (cause) {
    throw new UnwritableEvent(event.type, { cause });
  }
};

const dataOf = (schema: AnySchema, recorded: RecordedEvent): unknown => {
  const { schemaVersion, keyId, data } = recorded;
  try {
    if (keyId !== null) throw new Error('It is sealed with a key, which this codec has not.');
    return schema.parse(schemaVersion, jsonOf(data));
  } catch (cause) {
    throw new UnreadableEvent(recorded, { cause });
  }
};

/** The platform's own error quotes what it could not parse, which may be anyone's SDP: it goes no further. */
const jsonOf = (data: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(data));
  } catch {
    throw new Error('It is not JSON in UTF-8.');
  }
};
