import type { Worker } from 'node:worker_threads';
import { type AppendResult, LogUnavailable } from '@signalbox/event-sourcing';
import { type Append, CONFLICT, type Committed, type Failed, MISTAKEN, packBatch, WRITTEN } from './batch.ts';
import type { Checkpointed } from './messages.ts';
import type { SideWrite } from './side-tables.ts';
import type { ToWriter } from './writer.worker.ts';

type Waiting<Job, Result> = Job & {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};
type WaitingAppend = Waiting<Append, AppendResult>;
type WaitingSide = Waiting<SideWrite, number>;

/** What one message to the writer held, and who waits for it. */
type Sent = { readonly appends: readonly WaitingAppend[]; readonly sides: readonly WaitingSide[] };

/** An append that has been written, with where it went. */
export type Written = { readonly append: Append; readonly revision: number; readonly position: number };

/**
 * With two, the writer has the next batch at hand when it comes back from the disk; with more, batches would be
 * smaller and commits more than they need to be.
 */
const MAX_SENT = 2;

/** Bounds how long one transaction takes, and so how long its neighbours wait. */
const MAX_APPENDS = 1_000;
const MAX_BYTES = 4 << 20;

export type WriteQueue = {
  append(append: Append): Promise<AppendResult>;
  write(side: SideWrite): Promise<number>;
  /** Writes that were accepted and have no answer yet. */
  readonly waiting: number;
  /** Why the last commit or checkpoint failed, or the writer has died; null when all is well. */
  readonly fault: Error | null;
  /** Takes nothing more; resolves when everything accepted has been answered and the writer has ended. */
  close(): Promise<void>;
};

/**
 * Group commit, as the event loop sees it: what arrives while the writer is busy forms the next batch. `onCommitted`
 * is called with what a commit has written, in position order, before any of its writes is answered.
 */
export const createWriteQueue = (worker: Worker, onCommitted: (written: readonly Written[]) => void): WriteQueue => {
  let appends: WaitingAppend[] = [];
  let sides: WaitingSide[] = [];
  const sent: Sent[] = [];
  let scheduled = false;
  let closed = false;
  let fault: Error | null = null;
  let checkpointFault: Error | null = null;
  let dead: LogUnavailable | null = null;
  const ended = Promise.withResolvers<void>();

  const post = (message: ToWriter) => worker.postMessage(message, message === 'close' ? [] : [message.data.buffer]);

  const takeBatch = (): Sent => {
    let bytes = 0;
    let count = 0;
    while (count < appends.length && count < MAX_APPENDS && bytes < MAX_BYTES) {
      for (const event of appends[count]?.events ?? []) bytes += event.data.byteLength;
      count++;
    }
    const batch: Sent = { appends, sides };
    sides = [];
    if (count === appends.length) {
      appends = [];
      return batch;
    }
    return { ...batch, appends: appends.splice(0, count) };
  };

  const send = () => {
    scheduled = false;
    while (!dead && sent.length < MAX_SENT && (appends.length > 0 || sides.length > 0)) {
      const batch = takeBatch();
      sent.push(batch);
      try {
        post(packBatch(batch.appends, batch.sides));
      } catch (error) {
        sent.pop(); // it holds what cannot be sent to a thread, and the writer never saw it
        rejectAll(batch, error);
      }
    }
    if (closed && sent.length === 0 && !dead) post('close');
  };

  /** In a microtask, so that what one turn of the event loop asks for goes together. */
  const schedule = () => {
    if (scheduled || sent.length === MAX_SENT) return;
    scheduled = true;
    queueMicrotask(send);
  };

  const settle = (done: readonly Sent[], { outcomes, mistakes, sides: results }: Committed) => {
    const all = done.flatMap((batch) => batch.appends);
    const at = (index: number, field: 0 | 1 | 2) => outcomes[3 * index + field] ?? Number.NaN;
    const written: Written[] = [];
    all.forEach((append, index) => {
      if (at(index, 0) === WRITTEN) written.push({ append, revision: at(index, 1), position: at(index, 2) });
    });
    onCommitted(written);
    all.forEach((append, index) => {
      const [kind, revision, position] = [at(index, 0), at(index, 1), at(index, 2)];
      if (kind === CONFLICT) append.resolve({ kind: 'conflict', actual: revision === -1 ? 'no_stream' : revision });
      else if (kind === MISTAKEN) append.reject(mistakes.get(index));
      else append.resolve({ kind: 'appended', revision, position });
    });
    done
      .flatMap((batch) => batch.sides)
      .forEach((side, index) => {
        const result = results[index];
        if (typeof result === 'number') side.resolve(result);
        else side.reject(result);
      });
  };

  worker.on('message', (message: Committed | Failed | Checkpointed) => {
    if (message.kind === 'checkpointed') {
      checkpointFault = message.error;
      return;
    }
    const done = sent.splice(0, message.batches);
    send();
    if (message.kind === 'committed') {
      fault = null;
      settle(done, message);
    } else {
      fault = message.error;
      const error = new LogUnavailable(`The log could not write: ${message.error.message}.`, { cause: message.error });
      for (const batch of done) rejectAll(batch, error);
    }
  });
  worker.on('error', (error: Error) => {
    fault = error;
  });
  worker.on('exit', () => {
    dead = new LogUnavailable(closed ? 'The log has been closed.' : 'The writer of the log has died.', {
      cause: fault,
    });
    for (const batch of [...sent.splice(0), { appends, sides }]) rejectAll(batch, dead);
    appends = [];
    sides = [];
    fault ??= closed ? null : dead;
    ended.resolve();
  });

  const refusal = () => dead ?? (closed ? new LogUnavailable('The log has been closed.') : null);

  const enqueue = <Job, Result>(into: () => Waiting<Job, Result>[], job: Job): Promise<Result> => {
    const refused = refusal();
    if (refused) return Promise.reject(refused);
    return new Promise((resolve, reject) => {
      into().push({ ...job, resolve, reject });
      schedule();
    });
  };

  return {
    append: (append) => enqueue(() => appends, append),
    write: (side) => enqueue(() => sides, side),
    get waiting() {
      const waitingIn = (batch: Sent) => batch.appends.length + batch.sides.length;
      return sent.reduce((sum, batch) => sum + waitingIn(batch), waitingIn({ appends, sides }));
    },
    get fault() {
      return fault ?? checkpointFault;
    },
    close: () => {
      if (!closed) {
        closed = true;
        schedule();
      }
      return ended.promise;
    },
  };
};

const rejectAll = (batch: Sent, error: unknown): void => {
  for (const append of batch.appends) append.reject(error);
  for (const side of batch.sides) side.reject(error);
};
