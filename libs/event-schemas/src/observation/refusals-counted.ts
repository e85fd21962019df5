import type { ObservationEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({
  refusals: z
    .array(
      z.strictObject({
        code: name,
        operation: z.enum(['answer', 'candidates', 'read', 'retag', 'withdraw', 'report']),
        identity: name.nullable(),
        count,
        firstAt: time,
        lastAt: time,
        detail: name.nullable(),
      }),
    )
    .max(100_000),
  recordedAt: time,
});

export const RefusalsCounted = eventSchema('RefusalsCounted', v1);

true satisfies Same<
  DataOf<typeof RefusalsCounted>,
  Extract<ObservationEvent, { readonly type: 'RefusalsCounted' }>['data']
>;
