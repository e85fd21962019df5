import type { Authorisation, NewEvent } from '@signalbox/event-sourcing';

/**
 * Events cross between the event loop and the workers as flat arrays of values and one buffer with the data of all of
 * them: cloning objects instead costs the event loop about twice as much.
 */
export type FlatValue = string | number | null | Uint8Array;

/** The columns that hold what the caller gave beside id and data, in the order in which they are stored and sent. */
export const ENVELOPE_COLUMNS = [
  'type',
  'schema_version',
  'key_id',
  'actor',
  'correlation_id',
  'causation_id',
  'trace',
  'auth_scheme',
  'auth_key',
  'auth_algorithm',
  'auth_nonce',
  'auth_timestamp',
  'auth_signature',
  'auth_signed_text_hash',
] as const;

export const pushEnvelope = (values: FlatValue[], event: NewEvent): void => {
  const { metadata } = event;
  values.push(
    event.type,
    event.schemaVersion,
    event.keyId,
    metadata.actor,
    metadata.correlationId,
    metadata.causationId,
    metadata.trace,
  );
  const allowed = metadata.authorisation;
  if (allowed === null) values.push(null, null, null, null, null, null, null);
  else {
    values.push(
      allowed.scheme,
      allowed.key,
      allowed.algorithm,
      allowed.nonce,
      allowed.timestamp,
      allowed.signature,
      allowed.signedTextHash,
    );
  }
};

/** Reads at `at` what `pushEnvelope` wrote. The tables are strict, so each value has the type of its column. */
export const envelopeAt = (
  values: readonly FlatValue[],
  at: number,
): Pick<NewEvent, 'type' | 'schemaVersion' | 'keyId' | 'metadata'> => ({
  type: values[at] as string,
  schemaVersion: values[at + 1] as number,
  keyId: values[at + 2] as string | null,
  metadata: {
    actor: values[at + 3] as string,
    correlationId: values[at + 4] as string,
    causationId: values[at + 5] as string,
    trace: values[at + 6] as string | null,
    authorisation: authorisationAt(values, at + 7),
  },
});

const authorisationAt = (values: readonly FlatValue[], at: number): Authorisation | null =>
  values[at] === null
    ? null
    : {
        scheme: values[at] as Authorisation['scheme'],
        key: values[at + 1] as string | null,
        algorithm: values[at + 2] as Authorisation['algorithm'],
        nonce: values[at + 3] as string | null,
        timestamp: values[at + 4] as number | null,
        signature: values[at + 5] as string | null,
        signedTextHash: values[at + 6] as string | null,
      };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isUuid = (text: string): boolean => UUID.test(text);

/** A UUID is stored as its 16 bytes. */
export const uuidToBytes = (uuid: string): Uint8Array => Buffer.from(uuid.replaceAll('-', ''), 'hex');

export const uuidFromBytes = (bytes: Uint8Array): string => {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** The bytes of one event. They cross as one: each array of its own would be cloned on its own. */
export type EventBytes = Pick<NewEvent, 'data' | 'hash' | 'previousHash'>;

/** What `bytesAt` needs to take the bytes of an event out of those of many: the length of its data, then of its hashes. */
export const BYTES_VALUES = 3;

const NONE = -1;

export const pushLengths = (values: FlatValue[], { data, hash, previousHash }: EventBytes): void => {
  values.push(data.byteLength, hash?.byteLength ?? NONE, previousHash?.byteLength ?? NONE);
};

export const lengthOf = ({ data, hash, previousHash }: EventBytes): number =>
  data.byteLength + (hash?.byteLength ?? 0) + (previousHash?.byteLength ?? 0);

/** Puts the bytes of an event into those of many; answers with where they end. */
export const putBytes = (all: Uint8Array, start: number, { data, hash, previousHash }: EventBytes): number => {
  let end = start;
  for (const part of [data, hash, previousHash]) {
    if (part === null) continue;
    all.set(part, end);
    end += part.byteLength;
  }
  return end;
};

/** The bytes that begin at `start` of `all`, with the lengths that stand at `at` of `values`. */
export const bytesAt = (values: readonly FlatValue[], at: number, all: Uint8Array, start: number): EventBytes => {
  const lengths = [values[at], values[at + 1], values[at + 2]] as readonly [number, number, number];
  const afterData = start + lengths[0];
  const afterHash = afterData + Math.max(0, lengths[1]);
  return {
    data: all.subarray(start, afterData),
    hash: lengths[1] === NONE ? null : all.subarray(afterData, afterHash),
    previousHash: lengths[2] === NONE ? null : all.subarray(afterHash, afterHash + lengths[2]),
  };
};
