import { ErrorType } from '@eventstore/db-client';

export type CannotOpenLogCode =
  /** Another connection of this process is open. */
  | 'EVENT_STORE_IN_USE'
  /** The connection string says something that cannot be, or must not be. */
  | 'EVENT_STORE_URL'
  /** The stream that says what the log is holds something else. */
  | 'NOT_A_LOG'
  /** An import has begun here and has not been finished. */
  | 'IMPORT_UNFINISHED'
  /** For an import: there is another log already, or the same one, whole. */
  | 'LOG_EXISTS';

/** The log cannot be opened. The message tells a person what to do about it. */
export class CannotOpenLog extends Error {
  readonly code: CannotOpenLogCode;
  constructor(code: CannotOpenLogCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'CannotOpenLog';
    this.code = code;
  }
}

/** An event in one of our streams that this adapter has not written, or that no longer is what it was. */
export class UnreadableEvent extends Error {
  readonly code = 'UNREADABLE_EVENT';
  constructor(message: string) {
    super(message);
    this.name = 'UnreadableEvent';
  }
}

/** An attempt had no answer in time. Whether it had its effect is unknown. */
export class NoAnswer extends Error {
  readonly code = 'NO_ANSWER';
  constructor(what: string, ms: number) {
    super(`EventStoreDB gave no answer within ${ms} ms (${what}).`);
    this.name = 'NoAnswer';
  }
}

/** The client was replaced while it answered, so the answer may be a part only. */
export class CutOff extends Error {
  readonly code = 'CUT_OFF';
  constructor(what: string) {
    super(`The connection to EventStoreDB was renewed meanwhile (${what}).`);
    this.name = 'CutOff';
  }
}

/** The client's own kind of an error; null for one that it has not converted, such as that of the first call. */
export const kindOf = (error: unknown): ErrorType | null =>
  error instanceof Error && 'type' in error ? (error.type as ErrorType) : null;

/**
 * What trying again will not mend. Anything else may pass: a connection, a leader or a busy server, which the client
 * reports under many names, some of them `unknown`. Trying again is harmless, because ids are written once.
 */
export const isLasting = (error: unknown): boolean => {
  if (isOurs(error)) return true;
  const kind = kindOf(error);
  if (kind !== null && LASTING.has(kind)) return true;
  return error instanceof Error && 'code' in error && LASTING_STATUS.has(error.code as number);
};

/** Errors that say already what a person or a caller has to know. */
export const isOurs = (error: unknown): error is Error =>
  error instanceof UnreadableEvent || error instanceof CannotOpenLog || error instanceof RangeError;

const LASTING: ReadonlySet<ErrorType> = new Set([
  ErrorType.ACCESS_DENIED,
  ErrorType.INVALID_ARGUMENT,
  ErrorType.STREAM_DELETED,
  ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED,
  ErrorType.MISSING_REQUIRED_METADATA_PROPERTY,
  ErrorType.WRONG_EXPECTED_VERSION,
  ErrorType.STREAM_NOT_FOUND,
]);

/** gRPC: invalid argument, permission denied, unimplemented, unauthenticated. */
const LASTING_STATUS: ReadonlySet<number> = new Set([3, 7, 12, 16]);

/**
 * Errors on which the client has dropped its channel already, so that its next call connects anew. On all others the
 * client would go on with what it has: a call without an answer, or a failed question for the server's features, which
 * it keeps for ever.
 */
export const reconnectsByItself = (error: unknown): boolean => {
  const kind = kindOf(error);
  return kind === ErrorType.UNAVAILABLE || kind === ErrorType.CANCELLED || kind === ErrorType.NOT_LEADER;
};

export const messageOf = (error: unknown): string =>
  error instanceof Error && error.message !== '' ? error.message : (kindOf(error) ?? 'an error without a message');
