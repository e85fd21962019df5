import type { OperationsCommand, OperationsEvent, SweepCounts } from '@signalbox/domain';
import { t0 } from './session.ts';

type Sweep = Extract<OperationsCommand, { readonly type: 'RecordSweep' }>;
type Swept = Extract<OperationsEvent, { readonly type: 'SweepCompleted' }>;

const removed: SweepCounts = {
  sessions: 1,
  credentials: 6,
  nonces: 2,
  idempotencyRecords: 3,
  rateLimits: 4,
  tokens: 5,
};

export const aSweep = (overrides?: Partial<Omit<Sweep, 'type'>>): Sweep => ({
  type: 'RecordSweep',
  sweepId: 'sweep-1',
  startedAt: t0,
  now: t0 + 20,
  removed,
  ...overrides,
});

export const swept = (overrides?: Partial<Swept['data']>): Swept => ({
  type: 'SweepCompleted',
  data: { sweepId: 'sweep-1', startedAt: t0, finishedAt: t0 + 20, removed, ...overrides },
});
