import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { Checkpointed } from './messages.ts';

/**
 * Copies the write-ahead log into the database, on a connection and in a thread of its own, so that no commit waits
 * for it. It stops nobody: what is written meanwhile is left for the next time.
 */
const port = parentPort;
if (!port) throw new Error('The checkpointer runs in a worker thread.');
const { path }: { readonly path: string } = workerData;
const db = new DatabaseSync(path, { enableForeignKeyConstraints: false, timeout: 5_000 });
db.exec('PRAGMA synchronous = FULL');

const checkpoint = (): Checkpointed => {
  try {
    db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    return { kind: 'checkpointed', error: null };
  } catch (error) {
    return { kind: 'checkpointed', error: error instanceof Error ? error : new Error(String(error)) };
  }
};

port.on('message', (message: 'checkpoint' | 'close') => {
  if (message === 'checkpoint') port.postMessage(checkpoint());
  else {
    db.close();
    port.close();
  }
});
