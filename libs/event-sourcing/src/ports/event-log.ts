/**
 * The event log: the one place that is the truth. Everything else can be rebuilt from it.
 *
 * Revisions and positions are safe integers (ADR-0003). A revision counts from 0 within its stream, without gaps. A
 * position orders the whole log; it grows, but not by ones.
 */

declare const brand: unique symbol;

/** `<category>-<id>`: the category is everything before the first dash. Build it with `streamName`. */
export type StreamName = string & { readonly [brand]: 'StreamName' };

export const streamName = (category: string, id: string): StreamName => `${category}-${id}` as StreamName;

export const categoryOf = (stream: StreamName): string => stream.slice(0, stream.indexOf('-'));

export const idOf = (stream: StreamName): string => stream.slice(stream.indexOf('-') + 1);

/** What allowed the change: enough for anyone to check later who asked, long after the request is gone. */
export type Authorisation = {
  /** How the caller proved who it is. `internal` is a process manager of this server. */
  readonly scheme: 'http-signature' | 'rondevu' | 'token' | 'admin' | 'anonymous' | 'internal';
  /** Credential name, Ed25519 public key (64 hex digits), or token subject. */
  readonly key: string | null;
  readonly algorithm: 'ed25519' | 'hmac-sha256' | null;
  readonly nonce: string | null;
  /** Epoch milliseconds, as signed. */
  readonly timestamp: number | null;
  /** Base64 of the signature as it came. */
  readonly signature: string | null;
  /** Base64url of the SHA-256 of the text that was signed. */
  readonly signedTextHash: string | null;
};

export type EventMetadata = {
  /** The identity that caused the event, or `system:<part>`. */
  readonly actor: string;
  /** The request that started it all. */
  readonly correlationId: string;
  /** The message that led to this event: a request id, or the id of the event a process manager reacted to. */
  readonly causationId: string;
  /** W3C `traceparent`, when the request had one. */
  readonly trace: string | null;
  readonly authorisation: Authorisation | null;
};

/** An event in its stored form. `data` is opaque to the log: sealed bytes, or JSON where it is not sealed. */
export type NewEvent = {
  /** A UUID. The log writes an id once. */
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: Uint8Array;
  /** The key that sealed `data`; null when it is not sealed. */
  readonly keyId: string | null;
  readonly metadata: EventMetadata;
  /** Chains the events of a stream: made with `EventChain`. Null in what was written before hashes were kept. */
  readonly hash: Uint8Array | null;
  /** The hash of the stream's event before this one; null for the first, and where that one has none. */
  readonly previousHash: Uint8Array | null;
};

export type RecordedEvent = NewEvent & {
  readonly stream: StreamName;
  readonly revision: number;
  readonly position: number;
  /** Epoch milliseconds, never smaller than that of an earlier position. */
  readonly recordedAt: number;
};

/** The hash of an event at this place of its stream, after one with this hash. */
export type EventChain = (
  stream: StreamName,
  revision: number,
  event: Omit<NewEvent, 'hash' | 'previousHash'>,
  previousHash: Uint8Array | null,
) => Uint8Array;

/** The revision of the stream's last event, or that there is no stream, or that it does not matter. */
export type ExpectedRevision = number | 'no_stream' | 'any';

export type AppendResult =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: number }
  | { readonly kind: 'conflict'; readonly actual: number | 'no_stream' };

export type AppendOptions = {
  /**
   * The stream's life ends with this append. A hint: a log that `supports.liveStreams` leaves the stream out of
   * `readLive` once it has been closed for long enough; any other log ignores it. Appending later is still allowed
   * and opens the stream again unless it says `closes` too.
   */
  readonly closes?: boolean;
};

export interface StreamReader {
  /** Events in revision order from `from` (inclusive, default 0); an absent stream yields nothing. */
  readStream(stream: StreamName, options?: { readonly from?: number }): Promise<readonly RecordedEvent[]>;
}

export interface StreamAppender {
  /**
   * All or nothing, durable when it resolves. A conflict is a result, never a throw. The same event ids again succeed
   * without writing and give the first result, when the stream holds exactly them, in that order, right after the
   * expected revision; with `any`, wherever the stream holds them. Rejects with `LogUnavailable` when the log can't
   * write, and with a `RangeError` for what no log can take: no events, an id that is not a UUID in lower case, or one
   * id twice.
   */
  append(
    stream: StreamName,
    events: readonly NewEvent[],
    expected: ExpectedRevision,
    options?: AppendOptions,
  ): Promise<AppendResult>;
}

export type Delivery =
  | { readonly kind: 'events'; readonly events: readonly RecordedEvent[] }
  /** Everything up to this position has been delivered, and nothing else was there. */
  | { readonly kind: 'caught_up'; readonly position: number };

export interface CatchUpSource {
  /** A page of the whole log, in position order, strictly after `after` (0 is the start). */
  readAll(after: number, limit: number): Promise<readonly RecordedEvent[]>;
  /** The position of the last event; 0 for an empty log. */
  head(): Promise<number>;
  /**
   * At least once, in position order, strictly after `after`; `caught_up` whenever the tail is reached. Ends without
   * an error when `signal` aborts, also while idle at the tail, and when the log closes.
   */
  subscribeAll(after: number, options: { readonly signal: AbortSignal }): AsyncIterable<Delivery>;
}

export interface LiveStreams {
  /**
   * Every event, in position order and in pages, of the streams that are not closed, or were closed at or after
   * `closedSince` (epoch milliseconds). Reads a single snapshot of the log; `position` is where it was taken, so that
   * `subscribeAll(position)` continues without a gap. The cost follows what is alive, never what has been.
   */
  readLive(options: { readonly closedSince: number }): Promise<{
    readonly position: number;
    /** Of the last event; null for an empty log. */
    readonly recordedAt: number | null;
    /** The first position not older than `closedSince`; past the head when there is none. */
    readonly since: number;
    readonly pages: AsyncIterable<readonly RecordedEvent[]>;
  }>;
}

export interface EventLog extends StreamReader, StreamAppender, CatchUpSource {
  /** Identifies this log for ever: a restored or another log has another id. */
  readonly id: string;
  /** The contract suite skips by this, never by the adapter's name. */
  readonly supports: { readonly durable: boolean; readonly liveStreams: boolean };
  close(): Promise<void>;
}

export type EventLogWithLiveStreams = EventLog & LiveStreams;

/** The log cannot take or give events now (disk full, connection gone). Nothing was acknowledged. */
export class LogUnavailable extends Error {
  readonly code = 'LOG_UNAVAILABLE';
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'LogUnavailable';
  }
}
