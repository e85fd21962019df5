import { accept, type Decider } from '@signalbox/event-sourcing';

/** What a sweep removed, by what was swept. */
export type SweepCounts = {
  readonly sessions: number;
  readonly credentials: number;
  readonly nonces: number;
  readonly idempotencyRecords: number;
  readonly rateLimits: number;
  readonly tokens: number;
};

export type OperationsEvent = {
  readonly type: 'SweepCompleted';
  readonly data: {
    readonly sweepId: string;
    readonly startedAt: number;
    readonly finishedAt: number;
    readonly removed: SweepCounts;
  };
};

export type OperationsCommand = {
  readonly type: 'RecordSweep';
  readonly sweepId: string;
  readonly startedAt: number;
  readonly now: number;
  readonly removed: SweepCounts;
};

export type Operations = { readonly lastSweepId: string | null };

/** What the server did to itself, one stream a day. Nothing is served from it, so it never keeps a stream alive. */
export const operations: Decider<OperationsCommand, Operations, OperationsEvent, never> = {
  category: 'operations',
  initial: { lastSweepId: null },
  decide: (c, s) =>
    c.sweepId === s.lastSweepId
      ? accept()
      : accept({
          type: 'SweepCompleted',
          data: { sweepId: c.sweepId, startedAt: c.startedAt, finishedAt: c.now, removed: c.removed },
        }),
  evolve: (_, event) => ({ lastSweepId: event.data.sweepId }),
  isTerminal: () => true,
};
