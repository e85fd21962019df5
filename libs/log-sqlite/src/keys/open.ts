import { basename, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { KeysUnavailable } from '@signalbox/event-sourcing';
import type { KeyStore } from '@signalbox/vault';
import { callsTo } from '../thread-calls.ts';
import type { Opened } from '../thread-serves.ts';
import type { KeyTables } from './key-tables.ts';

const PAGE_KEYS = 1_000;

/**
 * The key store of a single machine, in a file of its own, made when it is not there and readable by its owner only. It
 * works in a thread of its own: a destruction waits for the disk several times, which the event loop must not. Rejects
 * with `KeysUnavailable`, at once when another process has it open.
 */
export const openSqliteKeyStore = async (options: { readonly path: string }): Promise<KeyStore> => {
  const path = resolve(options.path);
  const worker = new Worker(new URL('./keys.worker.ts', import.meta.url), {
    workerData: { path },
    name: basename(path),
  });
  await whenOpen(worker, path);
  const { call, close } = callsTo<KeyTables>(worker, {
    failed: (cause) => new KeysUnavailable('The key store could not do it.', { cause }),
    gone: (isClosed, cause) =>
      new KeysUnavailable(isClosed ? 'The key store has been closed.' : 'The key store has died.', { cause }),
  });
  return {
    addEpoch: (epoch) => call('addEpoch', epoch),
    epochs: () => call('epochs'),
    rewrap: (changes) => call('rewrap', changes),
    addDataKeys: (epoch, keys) => call('addDataKeys', epoch, keys),
    find: (ids) => call('find', ids),
    dataKeysOf: async function* (epoch) {
      for (let after = 0; ; ) {
        const { keys, last } = await call('page', epoch, after, PAGE_KEYS);
        if (keys.length === 0) return;
        yield keys;
        after = last;
      }
    },
    destroyDataKeys: (ids) => call('destroyDataKeys', ids),
    destroyEpoch: (id) => call('destroyEpoch', id),
    settledTo: () => call('settledTo'),
    settle: (from, to) => call('settle', from, to),
    usage: () => call('usage'),
    check: () => call('check'),
    close,
  };
};

const whenOpen = async (worker: Worker, path: string): Promise<void> => {
  const { promise, resolve: answered, reject } = Promise.withResolvers<Opened>();
  const ended = () => reject(new Error('Its thread has ended'));
  worker.once('message', answered).once('error', reject).once('exit', ended);
  const opened = await promise
    .catch((error: unknown): Opened => ({ kind: 'cannot_open', error }))
    .finally(() => worker.off('error', reject).off('exit', ended));
  if (opened.kind === 'ready') return;
  const { error } = opened;
  throw new KeysUnavailable(
    isBusy(error)
      ? `The key store ${path} is in use: only one process may have it open. Stop the other Signalbox first.`
      : `The key store ${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}.`,
    { cause: error },
  );
};

/** SQLite's result code for a file that another connection has locked. */
const SQLITE_BUSY = 5;

/** What comes out of a thread is an error with its message; SQLite's code may have been lost on the way. */
const isBusy = (error: unknown): boolean =>
  error instanceof Error &&
  (('errcode' in error && error.errcode === SQLITE_BUSY) || error.message.includes('database is locked'));
