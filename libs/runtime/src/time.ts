import { randomBytes, randomUUID, randomUUIDv7 } from 'node:crypto';

/**
 * Time, timers and chance. This file and the services' `main.ts` are the only places that touch the real ones; all
 * else is handed them, so that a whole server runs in a test on a clock of the test's own.
 */

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. For durations. */
  monotonic(): number;
}

export interface Timers {
  /** Runs `work` once, after at least `ms`. Answers with how to call it off. */
  after(ms: number, work: () => void): () => void;
}

export interface Chance {
  bytes(count: number): Uint8Array;
  /** At least 0, below 1. */
  fraction(): number;
  /** A UUID whose order is that of the time it was made (version 7): kind to an index. */
  orderedUuid(): string;
  /** A UUID that tells nothing (version 4). */
  uuid(): string;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** The longest that one timer of the platform can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Timers that keep a service running only as long as something else does. */
export const systemTimers: Timers = {
  after: (ms, work) => {
    const timer = setTimeout(work, Math.min(Math.max(ms, 0), MAX_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export const systemChance: Chance = {
  bytes: (count) => randomBytes(count),
  // Picks and jitter are no secrets, and are asked for too often to pay for unpredictable bytes.
  fraction: () => Math.random(),
  orderedUuid: () => randomUUIDv7(),
  uuid: () => randomUUID(),
};
