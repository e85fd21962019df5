import { internalContext } from '@signalbox/assembly';
import type { ObservationCommands, OperationsCommands } from '@signalbox/commands';
import type { OperationsEvent } from '@signalbox/domain';
import type { Dropped, Observations, ObservedMinute, ObservedSession, Sessions } from '@signalbox/read-models';
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
/** One event of what was dropped stands for what is dropped in this time after it. */
const TOLD_FOR_MS = 60_000;
/** What is dropped later may have been noticed so much earlier, by another process. */
const OUT_OF_ORDER_MS = 10_000;
/** How many events of minutes wait at most for a log that is away; the oldest go. */
const MAX_COUNTS = 1_000;

const context = (cause: string) => internalContext('system:observer', cause);

export type Observer = {
  /**
   * One round. Answers with how many sessions it recorded something of, and of how many there are none: ids that nobody
   * published, made up by whoever asked, or erased ones. What cannot be recorded of a session is lost, and told by the
   * next round that can, which records the minutes too; the fault is the caller's to handle.
   */
  observe(): Promise<{ readonly recorded: number; readonly unknown: number }>;
};

/**
 * Records what was noticed while requests were served, about once a second until `signal` aborts, and then once more:
 * whoever stops in good order loses nothing. `onRound` is called after each round that went well.
 */
export const observeRegularly = async (
  { after }: Pick<ObserveOptions, 'after'>,
  observer: Observer,
  signal: AbortSignal,
  onRound: () => void,
): Promise<void> => {
  while (!signal.aborted) {
    await pause(after, EVERY_MS, signal);
    await observer.observe();
    onRound();
  }
};

/** It remembers what it has still to tell of, so that a fault does not make it forget. */
export const createObserver = (options: Omit<ObserveOptions, 'after'>): Observer => {
  const { observations, operations, onLost, now, newId } = options;
  /** What no event has told of yet. */
  let untold: Dropped | null = null;
  let toldUntil = Number.NEGATIVE_INFINITY;
  /** Of minutes that are over, and not recorded yet. */
  const counts: OperationsEvent[] = [];

  const lose = (lost: Dropped | null) => {
    if (!lost) return;
    onLost(lost.sessions);
    untold = {
      sessions: lost.sessions + (untold?.sessions ?? 0),
      since: Math.min(lost.since, untold?.since ?? lost.since),
    };
  };

  /**
   * At once when something is dropped, because until this is in the log a verdict takes what is missing for what never
   * was; and not again for a minute, which the event speaks for. That minute is not this one when the clock went back.
   */
  const tellOfLosses = async (): Promise<void> => {
    const at = now();
    if (!untold || (at < toldUntil && at >= toldUntil - TOLD_FOR_MS)) return;
    const { sessions, since } = untold;
    const data = { from: Math.min(since, at) - OUT_OF_ORDER_MS, to: at + TOLD_FOR_MS, sessions };
    await operations.record({ type: 'ObservationsDropped', data }, context(newId()));
    [toldUntil, untold] = [data.to, null];
  };

  /** One after another, so that what is recorded once is not recorded again after a fault. */
  const recordCounts = async (): Promise<void> => {
    for (let next = counts[0]; next; next = counts[0]) {
      await operations.record(next, context(newId()));
      counts.shift();
    }
  };

  const recordAll = async (sessions: readonly ObservedSession[]) => {
    let recorded = 0;
    for (let start = 0; start < sessions.length; start += AT_ONCE) {
      const some = sessions.slice(start, start + AT_ONCE);
      const done = await Promise.allSettled(some.map((session) => recordSession(options, session)));
      const fault = done.find(({ status }) => status === 'rejected');
      recorded += done.filter((one) => one.status === 'fulfilled' && one.value).length;
      if (!fault) continue;
      const gone = [...some.filter((_, i) => done[i]?.status === 'rejected'), ...sessions.slice(start + AT_ONCE)];
      lose({ sessions: gone.length, since: Math.min(...gone.map(({ since }) => since)) });
      throw (fault as PromiseRejectedResult).reason;
    }
    return { recorded, unknown: sessions.length - recorded };
  };

  return {
    observe: async () => {
      const { sessions, minutes, dropped } = await observations.take(TAKEN_TOGETHER, now());
      lose(dropped);
      counts.push(...minutes.flatMap(countsOf));
      counts.splice(0, Math.max(0, counts.length - MAX_COUNTS));
      const outcome = await recordAll(sessions);
      await recordCounts();
      await tellOfLosses();
      return outcome;
    },
  };
};

const recordSession = async (
  { sessions, commands, newId }: Omit<ObserveOptions, 'after'>,
  { sessionId, since: _, ...observed }: ObservedSession,
): Promise<boolean> => {
  if (!(await sessions.find(sessionId))) return false;
  try {
    return (await commands.record(sessionId, observed, context(newId()))).kind === 'done';
  } catch (error) {
    if (isKeyDestroyed(error)) return false; // it was erased while this was on its way
    throw error;
  }
};

const isKeyDestroyed = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'KEY_DESTROYED';

const countsOf = ({ minute, authenticationFailures, limitTrips }: ObservedMinute): readonly OperationsEvent[] => [
  ...(authenticationFailures.length > 0
    ? [{ type: 'AuthenticationFailuresCounted' as const, data: { minute, counts: authenticationFailures } }]
    : []),
  ...(limitTrips.length > 0 ? [{ type: 'LimitTripsCounted' as const, data: { minute, counts: limitTrips } }] : []),
];
