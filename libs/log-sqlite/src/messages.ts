import type { Worker } from 'node:worker_threads';
import { CannotOpenLog, type CannotOpenLogCode } from './errors.ts';

/** The first message of a worker: that it has opened its part of the log, or why it cannot. */
export type Opened<Ready> =
  | ({ readonly kind: 'ready' } & Ready)
  | {
      readonly kind: 'cannot_open';
      readonly code: CannotOpenLogCode;
      readonly message: string;
      readonly cause: unknown;
    };

/** A checkpoint has ended, or failed: then it is tried again after the next writes. */
export type Checkpointed = { readonly kind: 'checkpointed'; readonly error: Error | null };

export const cannotOpen = (path: string, error: unknown): Opened<never> =>
  error instanceof CannotOpenLog
    ? { kind: 'cannot_open', code: error.code, message: error.message, cause: error.cause }
    : {
        kind: 'cannot_open',
        code: 'LOG_CANNOT_OPEN',
        message: `The log ${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}.`,
        cause: error,
      };

/** Resolves with the first message of a worker that has just been started; throws `CannotOpenLog`. */
export const whenReady = async <Ready>(worker: Worker): Promise<Ready> => {
  const { promise, resolve, reject } = Promise.withResolvers<Opened<Ready>>();
  const ended = () => reject(new Error('The worker ended before it had opened the log.'));
  worker.once('message', resolve).once('error', reject).once('exit', ended);
  const opened = await promise.finally(() => worker.off('error', reject).off('exit', ended));
  if (opened.kind === 'ready') return opened;
  throw new CannotOpenLog(opened.code, opened.message, { cause: opened.cause });
};
