/** The command was called wrongly, and has done nothing. Ends it with 2. */
export class WrongUsage extends Error {
  readonly code = 'WRONG_USAGE';
  constructor(message: string) {
    super(message);
    this.name = 'WrongUsage';
  }
}

/** What was asked for cannot be done. The message says why, and what a person can do about it. Ends the command with 1. */
export class Failure extends Error {
  readonly code = 'FAILED';
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'Failure';
  }
}

/** What is read is no export, or is no longer what was written. The message names the line and never quotes it. */
export class BadExport extends Error {
  readonly code = 'BAD_EXPORT';
  constructor(message: string) {
    super(message);
    this.name = 'BadExport';
  }
}
