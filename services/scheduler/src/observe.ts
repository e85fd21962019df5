import { internalContext } from '@signalbox/assembly';
import type { ObservationCommands, OperationsCommands } from '@signalbox/commands';
import type { Observations, ObservedMinute, ObservedSession, Sessions } from '@signalbox/read-models';
import { type After, pause } from './pause.ts';

export type ObserveOptions = {
  readonly observations: Pick<Observations, 'take'>;
  readonly sessions: Pick<Sessions, 'find'>;
  readonly commands: Pick<ObservationCommands, 'record'>;
  readonly operations: Pick<OperationsCommands, 'record'>;
  readonly now: () => number;
  readonly newId: () => string;
  readonly after: After;
  /** Told how many sessions had something noticed that will never be recorded, for want of room or of a log. */
  readonly onLost: (sessions: number) => void;
};

const EVERY_MS = 1_000;
/** How many sessions are recorded at a time: what signaling may have to share the log with. */
const TAKEN_TOGETHER = 500;
const AT_ONCE = 32;

const context = (cause: string) => internalContext('system:observer', cause);

/**
 * Records what was noticed while requests were served, about once a second until `signal` aborts, and then once more:
 * whoever stops in good order loses nothing. `onRound` is called after each round that went well.
 */
export const observeRegularly = async (
  options: ObserveOptions,
  signal: AbortSignal,
  onRound: () => void,
): Promise<void> => {
  while (!signal.aborted) {
    await pause(options.after, EVERY_MS, signal);
    await observeOnce(options);
    onRound();
  }
};

/**
 * One round. Answers with how many sessions it recorded something of, and of how many there are none: ids that nobody
 * published, made up by whoever asked. What cannot be recorded is lost, and the fault is the caller's to handle.
 */
export const observeOnce = async (
  options: ObserveOptions,
): Promise<{ readonly recorded: number; readonly unknown: number }> => {
  const { observations, onLost } = options;
  const { sessions, minutes, dropped } = await observations.take(TAKEN_TOGETHER, options.now());
  if (dropped > 0) onLost(dropped);
  let recorded = 0;
  let unknown = 0;
  try {
    for (const minute of minutes) await recordMinute(options, minute);
    for (let start = 0; start < sessions.length; start += AT_ONCE) {
      const some = sessions.slice(start, start + AT_ONCE);
      const found = await Promise.all(some.map((session) => recordSession(options, session)));
      recorded += found.filter((isThere) => isThere).length;
      unknown += found.filter((isThere) => !isThere).length;
    }
  } catch (error) {
    onLost(sessions.length - recorded - unknown);
    throw error;
  }
  return { recorded, unknown };
};

const recordSession = async (
  { sessions, commands, newId }: ObserveOptions,
  { sessionId, ...observed }: ObservedSession,
): Promise<boolean> => {
  if (!(await sessions.find(sessionId))) return false;
  try {
    await commands.record(sessionId, observed, context(newId()));
    return true;
  } catch (error) {
    if (isKeyDestroyed(error)) return false; // it was erased while this was on its way
    throw error;
  }
};

const isKeyDestroyed = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'KEY_DESTROYED';

const recordMinute = async (
  { operations, newId }: ObserveOptions,
  { minute, authenticationFailures, limitTrips }: ObservedMinute,
): Promise<void> => {
  const cause = context(newId());
  if (authenticationFailures.length > 0) {
    const data = { minute, counts: authenticationFailures };
    await operations.record({ type: 'AuthenticationFailuresCounted', data }, cause);
  }
  if (limitTrips.length > 0) {
    await operations.record({ type: 'LimitTripsCounted', data: { minute, counts: limitTrips } }, cause);
  }
};
