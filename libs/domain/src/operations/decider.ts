import { accept, type Decider } from '@signalbox/event-sourcing';
import type { OperationsEvent, SweepCounts } from './events.ts';

export type OperationsCommand =
  | {
      readonly type: 'RecordSweep';
      readonly sweepId: string;
      readonly startedAt: number;
      readonly now: number;
      readonly removed: SweepCounts;
    }
  /** Something that has happened, as it is to be told. */
  | { readonly type: 'RecordOperation'; readonly operation: OperationsEvent };

export type Operations = { readonly lastSweepId: string | null };

/** What the server did, one stream a day. Nothing is served from it, so it never keeps a stream alive. */
export const operations: Decider<OperationsCommand, Operations, OperationsEvent, never> = {
  category: 'operations',
  initial: { lastSweepId: null },
  decide: (c, s) => {
    if (c.type === 'RecordOperation') return accept(c.operation);
    return c.sweepId === s.lastSweepId
      ? accept()
      : accept({
          type: 'SweepCompleted',
          data: { sweepId: c.sweepId, startedAt: c.startedAt, finishedAt: c.now, removed: c.removed },
        });
  },
  evolve: (s, event) => (event.type === 'SweepCompleted' ? { lastSweepId: event.data.sweepId } : s),
  isTerminal: () => true,
};
