import type { OperationsEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ from: time, to: time, sessions: count });

export const ObservationsDropped = eventSchema('ObservationsDropped', v1);

true satisfies Same<
  DataOf<typeof ObservationsDropped>,
  Extract<OperationsEvent, { readonly type: 'ObservationsDropped' }>['data']
>;
