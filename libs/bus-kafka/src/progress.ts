import type { Consumer } from 'kafkajs';
import type { Timers } from './options.ts';

/**
 * So often progress is told to the broker. It answers slowly and in turn, so telling it after every batch would hold up
 * the next; what it was not told is handled again after a crash.
 */
const EVERY_MS = 500;

/** How far the partitions of one assignment have been handled. */
export interface Progress {
  /** Everything before `offset` has been handled. */
  reached(partition: number, offset: bigint): void;
  /** Tells the broker now. A failure is nobody's trouble: it is told again, or the events are handled again. */
  tell(): Promise<void>;
  /** The partitions are dealt out anew: what was reached so far concerns others. */
  forget(): void;
}

export const progressOf = (consumer: Pick<Consumer, 'commitOffsets'>, topic: string, timers: Timers): Progress => {
  let untold = new Map<number, bigint>();
  let cancel: (() => void) | null = null;

  const tell = async () => {
    cancel?.();
    cancel = null;
    const telling = untold;
    untold = new Map();
    if (telling.size === 0) return;
    const offsets = [...telling].map(([partition, offset]) => ({ topic, partition, offset: String(offset) }));
    await consumer.commitOffsets(offsets).catch(() => undefined);
  };

  return {
    reached: (partition, offset) => {
      untold.set(partition, offset);
      cancel ??= timers.after(EVERY_MS, () => void tell());
    },
    tell,
    forget: () => {
      untold = new Map();
    },
  };
};
