import { parentPort, receiveMessageOnPort, Worker, workerData } from 'node:worker_threads';
import type { Batch } from './batch.ts';
import { openForWriting, type WriterDatabaseOptions } from './database.ts';
import { type Checkpointed, cannotOpen } from './messages.ts';
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

/** How much data is written between two checkpoints: little enough for one to be short, enough to be worth its syncs. */
const CHECKPOINT_BYTES = 4 << 20;

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

/** Has checkpoints made by a thread of its own, which is started when the first one is due. */
const createCheckpoints = () => {
  let worker: Worker | undefined;
  let busy = false;
  let written = 0;
  const start = () => {
    const started = new Worker(new URL('./checkpointer.worker.ts', import.meta.url), {
      workerData: { path: options.path },
    });
    started.on('message', (message: Checkpointed) => {
      busy = false;
      port.postMessage(message);
    });
    return started;
  };
  return {
    wrote: (batches: readonly Batch[]) => {
      for (const { values, data } of batches) written += data.byteLength + values.length * BYTES_PER_VALUE;
      if (busy || written < CHECKPOINT_BYTES) return;
      busy = true;
      written = 0;
      worker ??= start();
      worker.postMessage('checkpoint');
    },
    close: async () => {
      if (!worker) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      worker.once('exit', () => resolve()).postMessage('close');
      await promise;
    },
  };
};

/** Roughly, to count in what events without much data cost. */
const BYTES_PER_VALUE = 32;

const opened = open();
if (opened) {
  const { db, lock, logId } = opened;
  const writer = createWriter(db);
  const checkpoints = createCheckpoints();
  const last = db.prepare('SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1').get();

  const close = async () => {
    await checkpoints.close();
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    lock.close();
    port.close();
  };

  // Whatever has arrived while the last transaction was under way goes into the next one.
  port.on('message', async (first: ToWriter) => {
    const batches: Batch[] = [];
    let closing = false;
    let message: ToWriter | undefined = first;
    for (; message !== undefined; message = receiveMessageOnPort(port)?.message) {
      if (message === 'close') closing = true;
      else batches.push(message);
    }
    if (batches.length > 0) {
      port.postMessage(writer.commit(batches));
      checkpoints.wrote(batches);
    }
    if (closing) await close();
  });
  const ready: WriterReady = {
    logId,
    head: Number(last?.position ?? 0),
    recordedAt: last ? Number(last.recorded_at) : null,
  };
  port.postMessage({ kind: 'ready', ...ready });
}
