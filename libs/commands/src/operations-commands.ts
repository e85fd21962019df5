import type { Operations, OperationsCommand, OperationsEvent, SweepCounts } from '@signalbox/domain';
import type { CommandContext, HandleCommand } from '@signalbox/event-sourcing';

export type SignedCheckpoint = Extract<OperationsEvent, { readonly type: 'CheckpointSigned' }>['data'];

export interface OperationsCommands {
  recordSweep(
    sweep: { readonly sweepId: string; readonly startedAt: number; readonly removed: SweepCounts },
    context: CommandContext,
  ): Promise<void>;
  /** Records what the server did, or what was done to it. */
  record(operation: OperationsEvent, context: CommandContext): Promise<void>;
  /** In streams of their own, one an hour: there may be one a second. */
  recordCheckpoint(checkpoint: SignedCheckpoint, context: CommandContext): Promise<void>;
}

/** One stream a day (UTC), so that none grows for ever. */
export const createOperationsCommands = (options: {
  readonly handle: HandleCommand<OperationsCommand, Operations, OperationsEvent, never>;
  readonly now: () => number;
  /** `2026-11-20`, of epoch milliseconds, in UTC. */
  readonly dateOf: (epochMs: number) => string;
}): OperationsCommands => {
  const recorded = async (id: string, command: OperationsCommand, context: CommandContext): Promise<void> => {
    const outcome = await options.handle(id, command, context);
    if (outcome.kind !== 'accepted') throw new Error(`What happened could not be recorded in operations-${id}.`);
  };
  return {
    recordSweep: (sweep, context) => {
      const now = options.now();
      return recorded(options.dateOf(now), { type: 'RecordSweep', ...sweep, now }, context);
    },
    record: (operation, context) =>
      recorded(options.dateOf(options.now()), { type: 'RecordOperation', operation }, context),
    recordCheckpoint: (data, context) =>
      recorded(
        `checkpoints-${checkpointHour(data.signedAt)}`,
        { type: 'RecordOperation', operation: { type: 'CheckpointSigned', data } },
        context,
      ),
  };
};

/** `2026-11-20T21`, in UTC: the hour whose checkpoints share a stream. */
export const checkpointHour = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 13);
