import type { OperationsCommand, OperationsEvent, SweepCounts } from '@signalbox/domain';
import { t0 } from './session.ts';

const removed: SweepCounts = {
  sessions: 1,
  credentials: 6,
  nonces: 2,
  idempotencyRecords: 3,
  rateLimits: 4,
  tokens: 5,
};

export const aSweep = (overrides?: Partial<Omit<OperationsCommand, 'type'>>): OperationsCommand => ({
  type: 'RecordSweep',
  sweepId: 'sweep-1',
  startedAt: t0,
  now: t0 + 20,
  removed,
  ...overrides,
});

export const swept = (overrides?: Partial<OperationsEvent['data']>): OperationsEvent => ({
  type: 'SweepCompleted',
  data: { sweepId: 'sweep-1', startedAt: t0, finishedAt: t0 + 20, removed, ...overrides },
});
