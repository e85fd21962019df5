import type { BusPublisher, CatchUpSource, Election } from '@signalbox/event-sourcing';
import { inBatches } from './read-ahead.ts';

/** Events that are acknowledged together; what is repeated after a crash is not much more. */
const BATCH = 500;

export type RelayOptions = {
  readonly log: CatchUpSource;
  readonly publisher: BusPublisher;
  readonly election: Election;
  /** This relay leads, and goes on after `position`. */
  readonly onLeading?: (position: number) => void;
  /** It leads no more, for whatever reason; it may again. */
  readonly onLeft?: () => void;
  /** The bus has these events too; `position` is the last one's, recorded at `recordedAt` (epoch milliseconds). */
  readonly onPublished?: (batch: {
    readonly count: number;
    readonly position: number;
    readonly recordedAt: number;
  }) => void;
};

/**
 * Carries the log to the bus, in order, every event at least once, whenever this process is elected. Resolves after
 * `signal` aborted. Rejects when the log or the bus fails: call it again, after a wait, and it goes on from what the
 * bus holds.
 */
export const relay = (options: RelayOptions, signal: AbortSignal): Promise<void> =>
  options.election.lead((leading) => carry(options, leading).finally(() => options.onLeft?.()), signal);

const carry = async ({ log, publisher, onLeading, onPublished }: RelayOptions, signal: AbortSignal): Promise<void> => {
  let position = await publisher.lastPublished();
  const head = await log.head();
  if (position > head) {
    throw new Error(`The bus holds events up to position ${position}, the log ends at ${head}: this is another log`);
  }
  if (signal.aborted) return;
  onLeading?.(position);

  const after = position;
  const batches = inBatches((until) => log.subscribeAll(after, { signal: until }), BATCH, signal);
  for await (const batch of batches) {
    const last = batch.at(-1);
    if (!last) continue;
    await publisher.publish(batch, position);
    position = last.position;
    onPublished?.({ count: batch.length, position, recordedAt: last.recordedAt });
  }
};
