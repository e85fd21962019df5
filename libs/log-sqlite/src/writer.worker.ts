import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Batch } from './batch.ts';
import { openForWriting, type WriterDatabaseOptions } from './database.ts';
import { cannotOpen } from './messages.ts';
import { createWriter } from './writer.ts';

/** What the writer is sent: something to write, or that nothing more will come. */
export type ToWriter = Batch | 'close';

export type WriterReady = {
  readonly logId: string;
  /** The position of the last event; 0 for an empty log. */
  readonly head: number;
  /** When the last event was recorded; null for an empty log. */
  readonly recordedAt: number | null;
};

const port = parentPort;
if (!port) throw new Error('The writer runs in a worker thread.');
const options: WriterDatabaseOptions = workerData;

const open = () => {
  try {
    return openForWriting(options);
  } catch (error) {
    port.postMessage(cannotOpen(options.path, error));
    return undefined;
  }
};

const opened = open();
if (opened) {
  const { db, lock, logId } = opened;
  const writer = createWriter(db);
  const last = db.prepare('SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1').get();

  const close = () => {
    db.exec('PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    lock.close();
    port.close();
  };

  // Whatever has arrived while the last transaction was under way goes into the next one.
  port.on('message', (first: ToWriter) => {
    const batches: Batch[] = [];
    let closing = false;
    for (
      let message: ToWriter | undefined = first;
      message !== undefined;
      message = receiveMessageOnPort(port)?.message
    ) {
      if (message === 'close') closing = true;
      else batches.push(message);
    }
    if (batches.length > 0) port.postMessage(writer.commit(batches));
    if (closing) close();
  });
  const ready: WriterReady = {
    logId,
    head: Number(last?.position ?? 0),
    recordedAt: last ? Number(last.recorded_at) : null,
  };
  port.postMessage({ kind: 'ready', ...ready });
}
