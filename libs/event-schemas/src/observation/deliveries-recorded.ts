import type { ObservationEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({
  deliveries: z
    .array(
      z.strictObject({
        to: name,
        role: z.enum(['offerer', 'answerer']),
        what: z.enum(['answer', 'candidates', 'end']),
        upTo: count,
        firstAt: time,
        lastAt: time,
      }),
    )
    .max(100_000),
  recordedAt: time,
});

export const DeliveriesRecorded = eventSchema('DeliveriesRecorded', v1);

true satisfies Same<
  DataOf<typeof DeliveriesRecorded>,
  Extract<ObservationEvent, { readonly type: 'DeliveriesRecorded' }>['data']
>;
