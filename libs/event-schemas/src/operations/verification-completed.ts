import type { OperationsEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({
  size: count,
  position: count,
  intact: z.boolean(),
  firstDifference: count.nullable(),
  verifiedAt: time,
});

export const VerificationCompleted = eventSchema('VerificationCompleted', v1);

true satisfies Same<
  DataOf<typeof VerificationCompleted>,
  Extract<OperationsEvent, { readonly type: 'VerificationCompleted' }>['data']
>;
