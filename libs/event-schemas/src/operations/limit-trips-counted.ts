import type { OperationsEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { counts, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ minute: time, counts });

export const LimitTripsCounted = eventSchema('LimitTripsCounted', v1);

true satisfies Same<
  DataOf<typeof LimitTripsCounted>,
  Extract<OperationsEvent, { readonly type: 'LimitTripsCounted' }>['data']
>;
