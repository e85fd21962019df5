import type { ErrorCode } from '@signalbox/contracts';
import type { Logger } from '@signalbox/runtime';

/** What passes by itself: somebody has to know, nobody has to get up. */
const passing: ReadonlySet<ErrorCode> = new Set([
  'LOG_UNAVAILABLE',
  'VIEWS_UNAVAILABLE',
  'KEYS_UNAVAILABLE',
  'REQUEST_TIMEOUT',
]);

/** Logs a request's fault as loudly as the code that its caller is told deserves: nothing where it is the caller's own. */
export const logFault = (
  logger: Pick<Logger, 'error' | 'warn'>,
  code: ErrorCode,
  fields: Readonly<Record<string, unknown>>,
): void => {
  if (code === 'INTERNAL_ERROR') logger.error(fields, 'a request failed');
  else if (passing.has(code)) logger.warn(fields, 'a request could not be served');
};
