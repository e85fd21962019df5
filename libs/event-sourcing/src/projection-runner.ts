import { type Decoded, type EventCodec, UnreadableEvent } from './ports/codec.ts';
import type { RecordedEvent } from './ports/event-log.ts';
import type { BoundProjection } from './projection.ts';

/**
 * Brings every projection up to date with one batch after another. The same runner serves a subscription to the log
 * in one process and a consumer of the bus in another: it needs nothing but batches of recorded events.
 */
export interface ProjectionRunner {
  /**
   * Resolves when every projection has written the batch. Batches are applied in the order of the calls. One that
   * failed has to be given again before any later one is taken, so that no event is passed over: go on from `position`.
   */
  apply(batch: readonly RecordedEvent[]): Promise<void>;
  /** The position up to which every projection has been brought by this runner. */
  readonly position: number;
  /** Resolves once `position` has reached this one; rejects when `signal` aborts first. */
  reached(position: number, signal?: AbortSignal): Promise<void>;
}

export const createProjectionRunner = <E>(options: {
  readonly codec: EventCodec<E>;
  readonly projections: readonly BoundProjection<E>[];
  /**
   * Told of each event of a stream that holds an event which can't be read. The rest of the batch is applied, and the
   * rows of that stream stay as they are. Without it the whole batch fails, and so does everything behind it.
   */
  readonly setAside?: (event: RecordedEvent, reason: UnreadableEvent) => void;
  /** Called after each batch, with what was read: for metrics and for waking who waits. */
  readonly onApplied?: (events: readonly Decoded<E>[]) => void;
}): ProjectionRunner => {
  let position = 0;
  let turn: Promise<void> = Promise.resolve();
  /** The position of the first event of a batch that failed, until it has been applied after all. */
  let owed: number | null = null;
  const waiting = new Set<{ readonly position: number; readonly resolve: () => void }>();

  const applyNow = async (batch: readonly RecordedEvent[]) => {
    const [first, last] = [batch[0], batch.at(-1)];
    if (!first || !last) return;
    if (owed !== null && first.position > owed) {
      throw new Error(
        `The batch from position ${owed} on failed and has to be applied before that from ${first.position} on.`,
      );
    }
    owed = first.position;
    const events = await applyReadable(batch, last.position);
    owed = null;
    position = Math.max(position, last.position);
    for (const waiter of waiting) {
      if (waiter.position > position) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
    options.onApplied?.(events);
  };

  const applyReadable = async (batch: readonly RecordedEvent[], checkpoint: number): Promise<readonly Decoded<E>[]> => {
    try {
      const events = await options.codec.decode(batch, 'skip');
      for (const projection of options.projections) await projection.apply(events, checkpoint);
      return events;
    } catch (error) {
      if (!(error instanceof UnreadableEvent) || !options.setAside) throw error;
      const isReadable = ({ stream }: RecordedEvent) => stream !== error.stream;
      const rest = batch.filter(isReadable);
      if (rest.length === batch.length) throw error;
      for (const event of batch) if (!isReadable(event)) options.setAside(event, error);
      return applyReadable(rest, checkpoint);
    }
  };

  return {
    apply: (batch) => {
      const applied = turn.then(() => applyNow(batch));
      turn = applied.catch(() => undefined); // the caller of this batch is told; the next batch still gets its turn
      return applied;
    },
    get position() {
      return position;
    },
    reached: (wanted, signal) => {
      if (wanted <= position) return Promise.resolve();
      if (signal?.aborted) return Promise.reject(signal.reason);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const giveUp = () => {
        waiting.delete(waiter);
        reject(signal?.reason);
      };
      const waiter = {
        position: wanted,
        resolve: () => {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      waiting.add(waiter);
      signal?.addEventListener('abort', giveUp, { once: true });
      return promise;
    },
  };
};
