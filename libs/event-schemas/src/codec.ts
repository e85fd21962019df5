import {
  type Decoded,
  type EncodedEvent,
  type EventCodec,
  KeysUnavailable,
  type PayloadSeal,
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
 * Stores data as JSON in UTF-8, in the newest version of its schema, sealed; the bytes that are sealed depend on nothing
 * but the data. What cannot be read again is not written. `data` owns its buffer, so that it can be handed to a thread.
 *
 * Bytes that were encoded here are known again by reference, as long as they live, and give the event that they were
 * made of: a process that projects what it has just written opens and parses nothing.
 */
export const createCodec = <S extends EventSchema<string, unknown>>(
  schemas: readonly S[],
  seal: PayloadSeal,
  written: Written = new WeakMap(),
): EventCodec<EventOf<S>> => {
  const byType = new Map(schemas.map((schema): [string, AnySchema] => [schema.type, schema]));

  const plain = (event: AnyEvent): { readonly schema: AnySchema; readonly type: string; readonly data: Uint8Array } => {
    const schema = byType.get(event.type);
    if (!schema) throw new UnwritableEvent(event.type, { cause: new Error('There is no schema for this type.') });
    return { schema, type: schema.type, data: bytesOf(schema, event) };
  };

  const decoded = (recorded: RecordedEvent, event: AnyEvent): Decoded<AnyEvent> => {
    const { id, keyId, metadata, stream, revision, position, recordedAt, hash, previousHash } = recorded;
    return { id, keyId, metadata, stream, revision, position, recordedAt, hash, previousHash, event };
  };

  const known = (recorded: RecordedEvent, unknown: 'skip' | 'stop'): boolean => {
    if (byType.has(recorded.type)) return true;
    if (unknown === 'skip') return false;
    throw new UnknownEventType(recorded.type, recorded.position);
  };

  /** Null: its key was destroyed. */
  const opened = async (sealed: readonly RecordedEvent[]): Promise<ReadonlyMap<RecordedEvent, Uint8Array | null>> => {
    if (sealed.length === 0) return NOTHING;
    const payloads = await seal.open(sealed).catch((error: unknown) => openedOneByOne(sealed, error));
    return new Map(sealed.map((event, index) => [event, payloads[index] ?? null]));
  };

  /** Finds the event that can't be opened, so that what comes with it can go on. */
  const openedOneByOne = async (sealed: readonly RecordedEvent[], fault: unknown) => {
    if (fault instanceof KeysUnavailable) throw fault;
    const payloads: (Uint8Array | null)[] = [];
    for (const event of sealed) {
      try {
        payloads.push(...(await seal.open([event])));
      } catch (cause) {
        throw cause instanceof KeysUnavailable ? cause : new UnreadableEvent(event, { cause });
      }
    }
    return payloads;
  };

  return {
    encode: async (stream, firstRevision, events, keyId) => {
      const payloads = events.map(plain);
      const sealed = await seal.seal(stream, firstRevision, payloads, keyId);
      return payloads.map(({ schema, type }, index): EncodedEvent => {
        const [event, data] = [events[index], sealed.data[index]];
        if (!event || !data) throw new Error('A seal gives as many payloads as it is given.');
        written.set(data, event);
        return { type, schemaVersion: schema.version, data, keyId: sealed.keyId };
      });
    },
    decode: async (recorded, unknown) => {
      const ours = recorded.filter((one) => known(one, unknown));
      const payloads = await opened(ours.filter((one) => one.keyId !== null && !written.has(one.data)));
      const all: Decoded<AnyEvent>[] = [];
      for (const one of ours) {
        const event = written.get(one.data);
        const data = payloads.has(one) ? payloads.get(one) : one.data;
        if (event) all.push(decoded(one, event));
        else if (data) all.push(decoded(one, { type: one.type, data: dataOf(byType.get(one.type), one, data) }));
      }
      // The schemas' own types say that each event has the shape that belongs to its type.
      return all as Decoded<EventOf<S>>[];
    },
  };
};

const NOTHING: ReadonlyMap<RecordedEvent, Uint8Array | null> = new Map();

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const bytesOf = (schema: AnySchema, event: AnyEvent): Uint8Array => {
  try {
    return encoder.encode(JSON.stringify(schema.parse(schema.version, event.data)));
  } catch (cause) {
    throw new UnwritableEvent(event.type, { cause });
  }
};

const dataOf = (schema: AnySchema | undefined, recorded: RecordedEvent, data: Uint8Array): unknown => {
  try {
    return schema?.parse(recorded.schemaVersion, jsonOf(data));
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
