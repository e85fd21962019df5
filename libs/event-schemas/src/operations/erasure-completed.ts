import type { OperationsEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({
  erasureId: name,
  sessionId: name.nullable(),
  identity: name.nullable(),
  sessions: count,
  credentials: count,
  dataKeys: count,
  completedAt: time,
});

export const ErasureCompleted = eventSchema('ErasureCompleted', v1);

true satisfies Same<
  DataOf<typeof ErasureCompleted>,
  Extract<OperationsEvent, { readonly type: 'ErasureCompleted' }>['data']
>;
