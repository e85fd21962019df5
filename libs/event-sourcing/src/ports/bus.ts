/**
 * The bus: carries the log's events to those who keep read models. It holds copies for a while; the log is the truth.
 *
 * Events travel in partitions. All events of a lane (`laneOf`) share a partition, in the order of the log. Events come
 * at least once: repetitions are normal, and may step back to older events; apart from them nothing is missing and
 * nothing is out of order.
 */

import type { RecordedEvent } from './event-log.ts';

export interface BusPublisher {
  /**
   * Publishes events that follow one another in the log. Resolves when the bus has all of them, so that none is lost
   * with one of its machines. `publishedUpTo` is the position up to which every event had been acknowledged before;
   * it travels with the batch. One batch at a time: the next begins after this one resolved.
   *
   * Rejects with `BusUnavailable` when the bus did not acknowledge all of it. It may hold any part of the batch then:
   * go on from `lastPublished`.
   */
  publish(batch: readonly RecordedEvent[], publishedUpTo: number): Promise<void>;
  /**
   * A position up to which the bus has (or had) every event, as far as what it still holds can tell; never more than
   * that, often somewhat less. 0 when it holds nothing. Rejects with `BusUnavailable`.
   */
  lastPublished(): Promise<number>;
  close(): Promise<void>;
}

/** Consecutive events of one partition. */
export type BusBatch = {
  readonly partition: number;
  /** Never empty. */
  readonly events: readonly RecordedEvent[];
  /** Aborts when the partition is taken away or `consume` is told to stop: what is handled now will be given again. */
  readonly signal: AbortSignal;
};

/** An event that can never be applied, however often it is tried. The reason is kept with it, in a few words. */
export type PoisonEvent = { readonly event: RecordedEvent; readonly reason: string };

export interface BusSubscriber {
  /**
   * Hands every event to `handle`, batch after batch: the batches of a partition one after another, those of different
   * partitions side by side. Members of a group share the partitions; a group that is new begins with the oldest
   * event that the bus holds.
   *
   * - Progress is remembered only after `handle` resolved. What it rejects is given again after a growing wait, for as
   *   long as it takes, and nothing of that partition overtakes it.
   * - `handle` resolves with the events that it could not apply and never will. They are set aside with their reason
   *   before progress passes them, as is what cannot be read as an event at all.
   * - A member that stood still for too long loses its partitions; what it was handling is handled by another too.
   *
   * Resolves after `signal` aborted and the handling under way ended. Rejects with `BusUnavailable` when the
   * subscription ended by itself: call it again, after a wait.
   */
  consume(options: {
    readonly group: string;
    readonly handle: (batch: BusBatch) => Promise<readonly PoisonEvent[]>;
    /** The partitions that this member has from now on, each time they are dealt out anew. */
    readonly onAssigned?: (partitions: readonly number[]) => void;
    readonly signal: AbortSignal;
  }): Promise<void>;
}

export interface Election {
  /**
   * Runs `work` whenever this member leads, until `signal` aborts. At most one member is elected at a time, but one
   * that has lost the election may learn of it late (at the latest after the session timeout): for a moment two may
   * be at work. `leading` aborts when this member leads no longer; once the work has ended it waits to lead again.
   *
   * Resolves after `signal` aborted and the work ended. When the work fails, or ends although it still leads, this
   * member steps down, and it rejects with what the work rejected with; with `BusUnavailable` when the election cannot
   * be held. Call it again, after a wait.
   */
  lead(work: (leading: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** The bus cannot take or give events now. What was not acknowledged may have been published all the same. */
export class BusUnavailable extends Error {
  readonly code = 'BUS_UNAVAILABLE';
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'BusUnavailable';
  }
}
