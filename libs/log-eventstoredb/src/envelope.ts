import { binaryEvent, type EventData, type RecordedEvent as StoredEvent } from '@eventstore/db-client';
import type { Authorisation, NewEvent, RecordedEvent, StreamName } from '@signalbox/event-sourcing';
import { UnreadableEvent } from './errors.ts';

/**
 * An event in EventStoreDB: type, id and data are its own; all else of the envelope is its user metadata, as JSON. The
 * names with a `$` are those that EventStoreDB's own projections know. What is null is left out.
 */
type StoredMetadata = {
  readonly $correlationId: string;
  readonly $causationId: string;
  readonly schemaVersion: number;
  readonly actor: string;
  readonly keyId?: string;
  readonly trace?: string;
  readonly authorisation?: Authorisation;
  /** Of an event that was imported: where and when it was recorded first. */
  readonly position?: number;
  readonly recordedAt?: number;
  /** Base64. */
  readonly hash?: string;
  readonly previousHash?: string;
};

const encoder = new TextEncoder();

export const storedForm = (event: NewEvent): EventData => stored(event, metadataOf(event));

/** For an import: the event keeps its place and its time. */
export const importedForm = (event: RecordedEvent): EventData =>
  stored(event, {
    ...metadataOf(event),
    position: event.position,
    recordedAt: event.recordedAt,
  });

const stored = ({ id, type, data }: NewEvent, metadata: StoredMetadata): EventData =>
  // As bytes: the client would turn an object into JSON twice.
  binaryEvent({ id, type, data, metadata: encoder.encode(JSON.stringify(metadata)) });

const metadataOf = ({ schemaVersion, keyId, metadata, hash, previousHash }: NewEvent): StoredMetadata => ({
  $correlationId: metadata.correlationId,
  $causationId: metadata.causationId,
  schemaVersion,
  actor: metadata.actor,
  ...(keyId === null ? {} : { keyId }),
  ...(metadata.trace === null ? {} : { trace: metadata.trace }),
  ...(metadata.authorisation === null ? {} : { authorisation: metadata.authorisation }),
  ...(hash === null ? {} : { hash: base64(hash) }),
  ...(previousHash === null ? {} : { previousHash: base64(previousHash) }),
});

/** What positions and times of this log are counted from. */
export type Origin = {
  /** New events: position = base + commit position. Imported events lie below it. */
  readonly base: number;
  /** Epoch milliseconds of the last imported event: nothing new is earlier. */
  readonly notBefore: number;
};

/** Throws `UnreadableEvent`. `prefix` is what the names of our streams begin with in this store. */
export const recordedForm = (event: StoredEvent, origin: Origin, prefix: string): RecordedEvent => {
  const metadata = event.metadata as Partial<StoredMetadata> | undefined;
  if (typeof metadata?.schemaVersion !== 'number' || typeof metadata.actor !== 'string') {
    throw new UnreadableEvent(
      `Event ${event.revision} of stream ${event.streamId} has not been written by Signalbox. Somebody else writes to ` +
        'its streams, which must not be: what it decides would rest on half a history.',
    );
  }
  return {
    id: event.id,
    stream: event.streamId.slice(prefix.length) as StreamName,
    revision: Number(event.revision),
    position: metadata.position ?? positionAt(origin, event.position?.commit),
    type: event.type,
    schemaVersion: metadata.schemaVersion,
    recordedAt: metadata.recordedAt ?? Math.max(event.created.getTime(), origin.notBefore),
    data: event.data as Uint8Array,
    keyId: metadata.keyId ?? null,
    metadata: {
      actor: metadata.actor,
      correlationId: metadata.$correlationId ?? '',
      causationId: metadata.$causationId ?? '',
      trace: metadata.trace ?? null,
      authorisation: metadata.authorisation ?? null,
    },
    hash: bytes(metadata.hash),
    previousHash: bytes(metadata.previousHash),
  };
};

/** Throws a `RangeError` when the position can't be told exactly, or the server is too old to tell it (before 22.6). */
export const positionAt = ({ base }: Pick<Origin, 'base'>, commit: bigint | undefined): number => {
  const position = base + Number(commit ?? Number.NaN);
  if (Number.isSafeInteger(position)) return position;
  throw new RangeError(
    `EventStoreDB gave ${commit ?? 'no'} commit position, which is no position that Signalbox can hold.`,
  );
};

const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');

const bytes = (text: string | undefined): Uint8Array | null =>
  text === undefined ? null : new Uint8Array(Buffer.from(text, 'base64'));
