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
import { type CommandContext, type HandleCommand, type StreamReader, streamName } from '@signalbox/event-sourcing';
import { execute, type Settled } from './execute.ts';
import type { Result } from './outcome.ts';

/** What was seen around one session since the last time. */
export type Observed = {
  readonly discovered: { readonly firstShownAt: number; readonly times: number } | null;
  readonly deliveries: readonly Delivery[];
  readonly refusals: readonly Refusal[];
};

/**
 * What was seen around sessions. Whether there is such a session is for the caller to know. That it was not redacted is
 * found out here, from the log, before the first that is recorded of it: read models may show what was erased long ago,
 * and nobody would destroy the key of what is recorded after that. `offer_not_found`: it was.
 */
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
  readonly log: StreamReader;
  readonly now: () => number;
}): ObservationCommands => {
  const { log, now } = options;

  const isRedacted = async (sessionId: string): Promise<boolean> => {
    // The first is the offer, and that alone is large.
    const events = await log.readStream(streamName('session', sessionId), { from: 1 });
    return events.some(({ type }) => type === 'SessionRedacted');
  };

  const handle: typeof options.handle = async (sessionId, command, context) => {
    const outcome = await options.handle(sessionId, command, context);
    const wouldBegin = outcome.kind === 'rejected' && outcome.rejection.code === 'offer_not_found';
    if (!wouldBegin || (await isRedacted(sessionId))) return outcome;
    return options.handle(sessionId, { ...command, mayBegin: true }, { ...context, creates: outcome.revision === -1 });
  };

  return {
    record: (sessionId, observed, context) => {
      const command = { type: 'RecordObservations', ...observed, mayBegin: false, now: now() } as const;
      return execute(handle, atOnce, sessionId, command, context, () => null);
    },
    report: (by, sessionId, role, report, context) => {
      const command = { type: 'ReportConnection', by, role, report, mayBegin: false, now: now() } as const;
      return execute(handle, atOnce, sessionId, command, context, () => null);
    },
  };
};
