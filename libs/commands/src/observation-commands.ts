import type {
  ConnectionReport,
  Delivery,
  ObservationCommand,
  ObservationEvent,
  ObservationRejection,
  Observations,
  Refusal,
  Role,
} from '@signalbox/domain';
import type { CommandContext, HandleCommand } from '@signalbox/event-sourcing';
import { execute, type Settled } from './execute.ts';
import type { Result } from './outcome.ts';

/** What was seen around one session since the last time. */
export type Observed = {
  readonly discovered: { readonly firstShownAt: number; readonly times: number } | null;
  readonly deliveries: readonly Delivery[];
  readonly refusals: readonly Refusal[];
};

/** What was seen around sessions. Whether there is such a session is for the caller to know. */
export interface ObservationCommands {
  /** Records what is new of it, within the bounds of one session. */
  record(sessionId: string, observed: Observed, context: CommandContext): Promise<Result<null, ObservationRejection>>;
  /** How the call ended, as one of its parties says. The same report again changes nothing. */
  report(
    by: string,
    sessionId: string,
    role: Role,
    report: ConnectionReport,
    context: CommandContext,
  ): Promise<Result<null, ObservationRejection>>;
}

/** Nothing that clients read is made of observations, so nobody waits for them. */
const atOnce: Settled = async () => undefined;

export const createObservationCommands = (options: {
  readonly handle: HandleCommand<ObservationCommand, Observations, ObservationEvent, ObservationRejection>;
  readonly now: () => number;
}): ObservationCommands => {
  const { handle, now } = options;
  return {
    record: (sessionId, observed, context) =>
      execute(handle, atOnce, sessionId, { type: 'RecordObservations', ...observed, now: now() }, context, () => null),
    report: (by, sessionId, role, report, context) => {
      const command = { type: 'ReportConnection', by, role, report, now: now() } as const;
      return execute(handle, atOnce, sessionId, command, context, () => null);
    },
  };
};
