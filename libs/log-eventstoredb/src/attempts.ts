import { ErrorType, type EventStoreDBClient } from '@eventstore/db-client';
import { LogUnavailable } from '@signalbox/event-sourcing';
import type { Connection } from './connection.ts';
import { CutOff, isLasting, isOurs, kindOf, messageOf, NoAnswer, reconnectsByItself } from './errors.ts';

export type Timers = {
  /** Runs `work` once, after at least `ms`. Answers with how to call it off. */
  after(ms: number, work: () => void): () => void;
};

export type Chance = {
  /** At least 0, below 1. */
  fraction(): number;
};

/** How long to bear with a server that does not answer. Milliseconds. */
export type Patience = {
  /** How long one attempt may take without any sign of life. */
  readonly attemptMs: number;
  /** How often a call is tried in all before it fails. */
  readonly attempts: number;
  /** After this much time no further attempt is made. */
  readonly deadlineMs: number;
  /** The first wait between attempts; later ones double up to `maxPauseMs`. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** How long a subscription may be silent before it is compared with the end of the log. */
  readonly silenceMs: number;
};

export const DEFAULT_PATIENCE: Patience = {
  attemptMs: 5_000,
  attempts: 12,
  deadlineMs: 10_000,
  firstPauseMs: 25,
  maxPauseMs: 1_000,
  silenceMs: 30_000,
};

export type Surroundings = {
  readonly connection: Connection;
  readonly timers: Timers;
  readonly chance: Chance;
  readonly patience: Patience;
  /** Told of every attempt that failed, and of every subscription that broke. */
  readonly onFailed: (error: unknown) => void;
  readonly onAnswered: () => void;
};

/** Half of each wait is chance, so that those who failed together do not come back together. */
export const pauseMs = ({ patience, chance }: Surroundings, failures: number): number => {
  const full = Math.min(patience.maxPauseMs, patience.firstPauseMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * chance.fraction();
};

/** Resolves after `ms`, or as soon as the signal aborts. */
export const pause = async (timers: Timers, ms: number, signal?: AbortSignal): Promise<void> => {
  if (signal?.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const callOff = timers.after(ms, resolve);
  const stop = () => resolve();
  signal?.addEventListener('abort', stop, { once: true });
  await promise;
  callOff();
  signal?.removeEventListener('abort', stop);
};

/** One attempt. It says by `alive` that something came, when it takes long for a good reason. */
export type Attempt<T> = (client: EventStoreDBClient, alive: () => void) => Promise<T>;

/**
 * Makes a call that may be repeated without harm, again and again while what fails may pass, and then rejects with
 * `LogUnavailable`, or at once when it will not pass. An attempt without an answer counts as failed: its effect is
 * unknown, which the next attempt finds out. `inTurn` is what each attempt has to wait for.
 */
export const call = async <T>(
  around: Surroundings,
  what: string,
  attempt: Attempt<T>,
  inTurn: <R>(work: () => Promise<R>) => Promise<R> = (work) => work(),
): Promise<T> => {
  const { connection, timers, patience } = around;
  let late = false;
  let failure: unknown = null;
  const callOff = timers.after(patience.deadlineMs, () => {
    late = true;
  });
  const once = async () => {
    if (late) return 'too_late';
    const client = await connection.client();
    try {
      const answer = await watched(timers, patience.attemptMs, what, (alive) => attempt(client, alive));
      if (!connection.isCurrent(client)) throw new CutOff(what);
      return { answer };
    } catch (error) {
      if (!isLasting(error) && !reconnectsByItself(error)) connection.renew(client);
      throw error;
    }
  };
  try {
    for (let failures = 1; failures <= patience.attempts && !late; failures++) {
      try {
        const outcome = await inTurn(once);
        if (outcome === 'too_late') break;
        around.onAnswered();
        return outcome.answer;
      } catch (error) {
        if (isLasting(error)) throw lasting(error, what);
        failure = error;
        around.onFailed(error);
      }
      await pause(timers, pauseMs(around, failures));
    }
    failure ??= new NoAnswer(what, patience.deadlineMs);
    throw new LogUnavailable(`EventStoreDB is out of reach (${what}): ${messageOf(failure)}`, { cause: failure });
  } finally {
    callOff();
  }
};

const lasting = (error: unknown, what: string): Error => {
  if (isOurs(error)) return error;
  if (kindOf(error) === ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED) {
    return new RangeError('An append is larger than EventStoreDB takes: see its setting MaxAppendSize.', {
      cause: error,
    });
  }
  return new LogUnavailable(`EventStoreDB refuses (${what}): ${messageOf(error)}`, { cause: error });
};

/** Rejects with `NoAnswer` when a whole interval passes without a sign of life. */
const watched = async <T>(
  timers: Timers,
  ms: number,
  what: string,
  work: (alive: () => void) => Promise<T>,
): Promise<T> => {
  const silent = Promise.withResolvers<never>();
  let alive = false;
  let callOff = () => {};
  const watch = () => {
    callOff = timers.after(ms, () => {
      if (!alive) return silent.reject(new NoAnswer(what, ms));
      alive = false;
      watch();
    });
  };
  watch();
  try {
    return await Promise.race([
      work(() => {
        alive = true;
      }),
      silent.promise,
    ]);
  } finally {
    callOff();
  }
};
