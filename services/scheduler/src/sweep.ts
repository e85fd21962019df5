import { internalContext } from '@signalbox/assembly';
import type { OperationsCommands } from '@signalbox/commands';
import type { SweepCounts } from '@signalbox/domain';
import { type After, pause } from './pause.ts';

export type SweepOptions = {
  readonly everyMs: number;
  /** What each part forgets at `now`; answers with how much. */
  readonly targets: { readonly [K in keyof SweepCounts]: (now: number) => Promise<number> };
  readonly operations: Pick<OperationsCommands, 'recordSweep'>;
  readonly now: () => number;
  readonly newSweepId: () => string;
  readonly after: After;
  /** Whether this is the one process that sweeps this time. */
  readonly isMine: (now: number) => Promise<boolean>;
  readonly onSwept: (removed: SweepCounts) => void;
};

/** Sweeps every `everyMs` until `signal` aborts. Each sweep leaves an event with what it removed. */
export const sweepRegularly = async (options: SweepOptions, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await pause(options.after, options.everyMs, signal);
    if (!signal.aborted && (await options.isMine(options.now()))) await sweepOnce(options);
  }
};

export const sweepOnce = async (options: SweepOptions): Promise<SweepCounts> => {
  const { targets, operations, now, newSweepId } = options;
  const startedAt = now();
  const removed: SweepCounts = {
    sessions: await targets.sessions(startedAt),
    credentials: await targets.credentials(startedAt),
    nonces: await targets.nonces(startedAt),
    idempotencyRecords: await targets.idempotencyRecords(startedAt),
    rateLimits: await targets.rateLimits(startedAt),
    tokens: await targets.tokens(startedAt),
  };
  const sweepId = newSweepId();
  await operations.recordSweep({ sweepId, startedAt, removed }, internalContext('system:sweeper', sweepId));
  options.onSwept(removed);
  return removed;
};
