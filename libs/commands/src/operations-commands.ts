import type { Operations, OperationsCommand, OperationsEvent, SweepCounts } from '@signalbox/domain';
import type { CommandContext, HandleCommand } from '@signalbox/event-sourcing';

export interface OperationsCommands {
  recordSweep(
    sweep: { readonly sweepId: string; readonly startedAt: number; readonly removed: SweepCounts },
    context: CommandContext,
  ): Promise<void>;
}

/** One stream a day (UTC), so that none grows for ever. */
export const createOperationsCommands = (options: {
  readonly handle: HandleCommand<OperationsCommand, Operations, OperationsEvent, never>;
  readonly now: () => number;
  /** `2026-11-20`, of epoch milliseconds, in UTC. */
  readonly dateOf: (epochMs: number) => string;
}): OperationsCommands => ({
  recordSweep: async (sweep, context) => {
    const now = options.now();
    const outcome = await options.handle(options.dateOf(now), { type: 'RecordSweep', ...sweep, now }, context);
    if (outcome.kind !== 'accepted') throw new Error(`The sweep ${sweep.sweepId} could not be recorded.`);
  },
});
