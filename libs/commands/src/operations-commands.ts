import type { Operations, OperationsCommand, OperationsEvent, SweepCounts } from '@signalbox/domain';
import type { CommandContext, HandleCommand } from '@signalbox/event-sourcing';

export interface OperationsCommands {
  recordSweep(
    sweep: { readonly sweepId: string; readonly startedAt: number; readonly removed: SweepCounts },
    context: CommandContext,
  ): Promise<void>;
  /** Records what the server did, or what was done to it. */
  record(operation: OperationsEvent, context: CommandContext): Promise<void>;
}

export const createOperationsCommands = (options: {
  readonly handle: HandleCommand<OperationsCommand, Operations, OperationsEvent, never>;
  readonly now: () => number;
}): OperationsCommands => {
  const recorded = async (id: string, command: OperationsCommand, context: CommandContext): Promise<void> => {
    const outcome = await options.handle(id, command, context);
    if (outcome.kind !== 'accepted') throw new Error(`What happened could not be recorded in operations-${id}.`);
  };
  return {
    recordSweep: (sweep, context) => {
      const now = options.now();
      return recorded(operationsDay(now), { type: 'RecordSweep', ...sweep, now }, context);
    },
    record: (operation, context) =>
      recorded(streamIdOf(operation, options.now()), { type: 'RecordOperation', operation }, context),
  };
};

/**
 * One stream a day, so that none grows for ever. Of checkpoints there may be one a second: they have one an hour. The end
 * of an epoch has one of its own, so that whoever says it under the same command id says it once.
 */
const streamIdOf = (operation: OperationsEvent, now: number): string => {
  const { type } = operation;
  if (type === 'EpochKeyDestroyed') return `epoch-${operation.data.epoch}`;
  if (type === 'CheckpointSigned') return `checkpoints-${new Date(now).toISOString().slice(0, 13)}`;
  return type === 'VerificationCompleted' ? (verificationStreams(now)[0] ?? '') : operationsDay(now);
};

const MONTHS = 12;

/**
 * What the verifications of the log are recorded in, a stream a month: those of a year, the newest first, and the one for
 * all from before there were months. The last verification is looked for, and what is read for it stays small.
 */
export const verificationStreams = (now: number): readonly string[] => {
  const [year, month] = [new Date(now).getUTCFullYear(), new Date(now).getUTCMonth()];
  const months = Array.from({ length: MONTHS }, (_, ago) => new Date(Date.UTC(year, month - ago)).toISOString());
  return [...months.map((begin) => `verifications-${begin.slice(0, 7)}`), 'verifications'];
};

/** `2026-11-20`, in UTC: the day whose operations share a stream. */
export const operationsDay = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 10);
