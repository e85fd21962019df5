import type { OperationsEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({
  sweepId: name,
  startedAt: time,
  finishedAt: time,
  removed: z.strictObject({
    sessions: count,
    credentials: count,
    nonces: count,
    idempotencyRecords: count,
    rateLimits: count,
    tokens: count,
  }),
});

export const SweepCompleted = eventSchema('SweepCompleted', v1);

true satisfies Same<
  DataOf<typeof SweepCompleted>,
  Extract<OperationsEvent, { readonly type: 'SweepCompleted' }>['data']
>;
