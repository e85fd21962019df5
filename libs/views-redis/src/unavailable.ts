/**
 * Redis cannot be asked now, or holds no read models yet. What was sent may or may not have had its effect; everything
 * that this package writes may be written again.
 */
export class ViewsUnavailable extends Error {
  readonly code = 'VIEWS_UNAVAILABLE';
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'ViewsUnavailable';
  }
}

/** Answers of a Redis that is there but cannot serve now: it loads, is busy, is a replica, is full or cannot save. */
const CANNOT_SERVE = /^(LOADING|BUSY|MASTERDOWN|READONLY|TRYAGAIN|NOREPLICAS|MISCONF|OOM|NOAUTH|WRONGPASS|NOPERM) /;

/** A fault of Redis or of the way there, told apart from a mistake of ours, which is left as it is. */
export const unavailable = (error: unknown): Error => {
  if (error instanceof ViewsUnavailable) return error;
  // The client hangs the whole command on its errors: nobody's addresses belong into a log.
  if (error instanceof Error && 'command' in error) delete error.command;
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  if (error instanceof Error && name === 'ReplyError' && !CANNOT_SERVE.test(message)) return error;
  return new ViewsUnavailable('Redis is away', { cause: error });
};
