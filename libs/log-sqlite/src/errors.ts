export type CannotOpenLogCode =
  /** Another process (or another part of this one) has it open. */
  | 'LOG_IN_USE'
  /** A newer version of Signalbox has written it. */
  | 'LOG_TOO_NEW'
  /** The file is something else than a log of Signalbox. */
  | 'NOT_A_LOG'
  /** A migration failed; the file is as it was before. */
  | 'LOG_MIGRATION_FAILED'
  /** The file or its directory cannot be made, read or written. */
  | 'LOG_CANNOT_OPEN';

/** The log cannot be opened. The message tells a person what to do about it. */
export class CannotOpenLog extends Error {
  readonly code: CannotOpenLogCode;
  constructor(code: CannotOpenLogCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'CannotOpenLog';
    this.code = code;
  }
}
