import type { EachBatchPayload } from 'kafkajs';
import { applyBatch, type Handle } from './apply-batch.ts';
import { heartbeatMs } from './client.ts';
import type { DeadLetters } from './dead-letters.ts';
import { keepBeating } from './heartbeats.ts';
import type { KafkaBusOptions } from './options.ts';
import type { Progress } from './progress.ts';

/** The wait doubles from the first to the longest; half of it is chance. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;

export interface PartitionHandler {
  /**
   * Handles what was fetched of one partition. When that fails the partition rests for a while and the same messages
   * are fetched again; the others go on. `assigned` aborts when the partition may be somebody else's: what is handled
   * then is not recorded as progress.
   */
  take(payload: EachBatchPayload, assigned: AbortSignal): Promise<void>;
  /** Partitions at rest stay so. Resolves when nothing is being handled any more. */
  stop(): Promise<void>;
}

export const partitionHandler = (
  options: KafkaBusOptions & {
    readonly group: string;
    readonly handle: Handle;
    readonly deadLetters: DeadLetters;
    readonly progress: Progress;
    readonly signal: AbortSignal;
  },
): PartitionHandler => {
  const { group, handle, deadLetters, progress, observer, timers, chance, sessionTimeoutMs } = options;
  /** Failures in a row, of the partitions that have any. */
  const failures = new Map<number, number>();
  const resting = new Set<() => void>();
  const underWay = new Set<Promise<void>>();

  const rest = (partition: number, resume: () => void, error: unknown) => {
    const failed = (failures.get(partition) ?? 0) + 1;
    failures.set(partition, failed);
    const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failed - 1));
    const waitMs = full / 2 + (full / 2) * chance.fraction();
    observer.paused(group, partition, waitMs, error);
    const cancel = timers.after(waitMs, () => {
      resting.delete(cancel);
      resume();
    });
    resting.add(cancel);
  };

  const take: PartitionHandler['take'] = async ({ batch, heartbeat, pause, resolveOffset }, assigned) => {
    const { partition } = batch;
    const behind = (next: bigint) => observer.lag(group, partition, Number(BigInt(batch.highWatermark) - next));
    behind(BigInt(batch.firstOffset() ?? batch.highWatermark));

    const heartbeats = keepBeating(heartbeat, heartbeatMs(sessionTimeoutMs) / 2, timers);
    const signal = AbortSignal.any([assigned, heartbeats.failed, options.signal]);
    try {
      await applyBatch(partition, batch.messages, { handle, deadLetters, signal });
      if (assigned.aborted) return;
      failures.delete(partition);
      const next = BigInt(batch.lastOffset()) + 1n;
      resolveOffset(batch.lastOffset());
      progress.reached(partition, next);
      behind(next);
    } catch (error) {
      if (!signal.aborted) rest(partition, pause(), error);
    } finally {
      heartbeats.stop();
    }
    if (heartbeats.failed.aborted) throw heartbeats.failed.reason; // so that the library joins the group again
  };

  return {
    take: async (payload, assigned) => {
      if (!payload.isRunning() || payload.isStale() || assigned.aborted || options.signal.aborted) return;
      const taken = take(payload, assigned);
      underWay.add(taken);
      await taken.finally(() => underWay.delete(taken));
    },
    stop: async () => {
      for (const cancel of resting) cancel();
      await Promise.allSettled(underWay);
    },
  };
};
