import type { DatabaseSync } from 'node:sqlite';
import type { MessagePort } from 'node:worker_threads';

/** One function to be called, or that nothing more will come. */
export type ToThread =
  | { readonly number: number; readonly call: string; readonly values: readonly unknown[] }
  | 'close';

export type FromThread =
  | { readonly number: number; readonly kind: 'done'; readonly result: unknown }
  | { readonly number: number; readonly kind: 'failed'; readonly error: unknown };

/** What a thread says once, before it serves. */
export type Opened = { readonly kind: 'ready' } | { readonly kind: 'cannot_open'; readonly error: unknown };

/**
 * Opens a database and serves functions over it, one call after another, until it is told to close. `port` is null outside
 * of a thread, which is a mistake.
 */
export const serve = (
  port: MessagePort | null,
  open: () => { readonly db: DatabaseSync; readonly tables: object },
): void => {
  if (!port) throw new Error('This runs in a worker thread.');
  const start = () => {
    try {
      return open();
    } catch (error) {
      port.postMessage({ kind: 'cannot_open', error } satisfies Opened);
      return undefined;
    }
  };
  const started = start();
  if (!started) return;
  const { db } = started;
  // Whoever asks calls a function that is there, with the values that it takes.
  const tables = started.tables as Readonly<Record<string, (...values: readonly unknown[]) => unknown>>;
  port.on('message', (message: ToThread) => {
    if (message === 'close') {
      db.close();
      port.close();
      return;
    }
    const { number, call, values } = message;
    try {
      port.postMessage({ number, kind: 'done', result: tables[call]?.(...values) } satisfies FromThread);
    } catch (error) {
      port.postMessage({ number, kind: 'failed', error } satisfies FromThread);
    }
  });
  port.postMessage({ kind: 'ready' } satisfies Opened);
};
