import type { Worker } from 'node:worker_threads';
import { LogUnavailable } from '@signalbox/event-sourcing';
import type { Read, ReadResult } from './reader.ts';
import type { FromReader, ToReader } from './reader.worker.ts';

export type ReadQueue = {
  /** Throws `LogUnavailable` when the disk cannot be read, the reader has died or the log has been closed. */
  read<R extends Read>(read: R): Promise<ReadResult<R>>;
  /** Why the reader has died; null while it lives. */
  readonly fault: Error | null;
  /** Resolves when everything asked before has been answered and the reader has ended. */
  close(): Promise<void>;
};

/** The reader, as the event loop sees it: questions are answered in the order in which they were asked. */
export const createReadQueue = (worker: Worker): ReadQueue => {
  const waiting = new Map<number, { resolve: (result: never) => void; reject: (error: unknown) => void }>();
  let asked = 0;
  let closed = false;
  let fault: Error | null = null;
  let dead = false;
  const ended = Promise.withResolvers<void>();

  const post = (message: ToReader) => worker.postMessage(message);

  worker.on('message', (message: FromReader) => {
    const one = waiting.get(message.number);
    waiting.delete(message.number);
    if (message.kind === 'read') one?.resolve(message.result as never);
    else one?.reject(new LogUnavailable('The log could not read.', { cause: message.error }));
  });
  worker.on('error', (error: Error) => {
    fault = error;
  });
  worker.on('exit', () => {
    dead = true;
    if (!closed) fault ??= new Error('The reader of the log has ended.');
    for (const { reject } of waiting.values()) reject(unavailable());
    waiting.clear();
    ended.resolve();
  });

  const unavailable = () =>
    new LogUnavailable(closed ? 'The log has been closed.' : 'The reader of the log has died.', { cause: fault });

  return {
    read: (read) => {
      if (closed || dead) return Promise.reject(unavailable());
      const number = ++asked;
      return new Promise((resolve, reject) => {
        waiting.set(number, { resolve, reject });
        post({ number, read });
      });
    },
    get fault() {
      return fault;
    },
    close: () => {
      if (!closed) {
        closed = true;
        post('close');
      }
      return ended.promise;
    },
  };
};
