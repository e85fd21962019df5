import { parentPort, workerData } from 'node:worker_threads';
import { openForReading } from './database.ts';
import { cannotOpen } from './messages.ts';
import { createReader, type Read } from './reader.ts';

/** What the reader is sent: something to read, with a number that its answer carries too, or that this was all. */
export type ToReader = { readonly number: number; readonly read: Read } | 'close';

export type FromReader =
  | {
      readonly number: number;
      readonly kind: 'read';
      readonly result: ReturnType<ReturnType<typeof createReader>['read']>;
    }
  | { readonly number: number; readonly kind: 'failed'; readonly error: unknown };

const port = parentPort;
if (!port) throw new Error('The reader runs in a worker thread.');
const { path }: { readonly path: string } = workerData;

const open = () => {
  try {
    return openForReading(path);
  } catch (error) {
    port.postMessage(cannotOpen(path, error));
    return undefined;
  }
};

const db = open();
if (db) {
  const reader = createReader(db);
  const answer = (message: FromReader, transfer: ArrayBuffer[]) => port.postMessage(message, transfer);

  port.on('message', (message: ToReader) => {
    if (message === 'close') {
      db.close();
      port.close();
      return;
    }
    const { number, read } = message;
    try {
      const result = reader.read(read);
      answer({ number, kind: 'read', result }, 'data' in result ? [result.data.buffer] : []);
    } catch (error) {
      answer({ number, kind: 'failed', error }, []);
    }
  });
  port.postMessage({ kind: 'ready' });
}
