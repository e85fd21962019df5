import type { Worker } from 'node:worker_threads';
import type { FromThread, ToThread } from './thread-serves.ts';

/** Functions of a thread, by their names. */
type Functions = Readonly<Record<string, (...values: never[]) => unknown>>;

/**
 * Calls the functions that a thread serves. `failed` makes an error of what one threw, `gone` of a thread that was closed
 * or has died.
 */
export const callsTo = <F extends Functions>(
  worker: Worker,
  errors: {
    readonly failed: (cause: unknown) => Error;
    readonly gone: (isClosed: boolean, cause: unknown) => Error;
  },
) => {
  const waiting = new Map<number, { resolve: (result: never) => void; reject: (error: unknown) => void }>();
  let asked = 0;
  let closed = false;
  let dead: Error | null = null;
  const ended = Promise.withResolvers<void>();
  const post = (message: ToThread) => worker.postMessage(message);

  worker.on('message', (message: FromThread) => {
    const one = waiting.get(message.number);
    waiting.delete(message.number);
    if (message.kind === 'done') one?.resolve(message.result as never);
    else one?.reject(errors.failed(message.error));
  });
  worker.on('error', (error: Error) => {
    dead = error;
  });
  worker.on('exit', () => {
    dead ??= new Error('Its thread has ended.');
    for (const { reject } of waiting.values()) reject(errors.gone(closed, dead));
    waiting.clear();
    ended.resolve();
  });

  return {
    call: <C extends keyof F & string>(call: C, ...values: Parameters<F[C]>): Promise<ReturnType<F[C]>> => {
      if (closed || dead) return Promise.reject(errors.gone(closed, dead));
      const number = ++asked;
      return new Promise((resolve, reject) => {
        waiting.set(number, { resolve, reject });
        post({ number, call, values });
      });
    },
    /** Resolves when everything asked before has been done and the thread has ended. */
    close: (): Promise<void> => {
      if (!closed) {
        closed = true;
        post('close');
      }
      return ended.promise;
    },
  };
};
