import type { NewEvent, RecordedEvent, StreamName } from './event-log.ts';

/** A recorded event whose bytes have been read: `event` has the newest shape, whatever version was stored. */
export type Decoded<E> = Omit<RecordedEvent, 'data' | 'schemaVersion' | 'type'> & { readonly event: E };

export type EncodedEvent = Pick<NewEvent, 'type' | 'schemaVersion' | 'data' | 'keyId'>;

/**
 * Domain events to stored bytes and back. It works on batches and is asynchronous, because a codec that seals needs
 * keys, and what it seals is bound to its stream and revision.
 */
export interface EventCodec<E> {
  /** `keyId` is the key that sealed the stream's earlier events; null when there are none, or none that is sealed. */
  encode(
    stream: StreamName,
    firstRevision: number,
    events: readonly E[],
    keyId: string | null,
  ): Promise<readonly EncodedEvent[]>;
  /**
   * In order. An event whose key has been destroyed is left out: it takes all that was sealed in its stream with it, so
   * nobody decides on half a history. An event of a type this version does not know is left out with `skip` (a projection) and throws
   * `UnknownEventType` with `stop` (a decider must not decide on half a history). A known type that does not parse
   * always throws `UnreadableEvent`.
   */
  decode(recorded: readonly RecordedEvent[], unknown: 'skip' | 'stop'): Promise<readonly Decoded<E>[]>;
}

export class UnknownEventType extends Error {
  readonly code = 'UNKNOWN_EVENT_TYPE';
  constructor(type: string, position: number) {
    super(`The log holds an event of type ${type} at position ${position} that this version does not know.`);
    this.name = 'UnknownEventType';
  }
}

export class UnreadableEvent extends Error {
  readonly code = 'UNREADABLE_EVENT';
  readonly stream: StreamName;
  constructor(
    { type, schemaVersion, position, stream }: Pick<RecordedEvent, 'type' | 'schemaVersion' | 'position' | 'stream'>,
    options?: { readonly cause?: unknown },
  ) {
    super(
      `The event ${type} (schema version ${schemaVersion}) at position ${position} does not match its schema.`,
      options,
    );
    this.stream = stream;
    this.name = 'UnreadableEvent';
  }
}
