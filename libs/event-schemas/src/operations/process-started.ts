import type { OperationsEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ role: name, instance: name, version: name, startedAt: time });

export const ProcessStarted = eventSchema('ProcessStarted', v1);

true satisfies Same<
  DataOf<typeof ProcessStarted>,
  Extract<OperationsEvent, { readonly type: 'ProcessStarted' }>['data']
>;
