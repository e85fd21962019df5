import type { OperationsEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ epoch: name, startsAt: time, endsAt: time, dataKeys: count, destroyedAt: time });

export const EpochKeyDestroyed = eventSchema('EpochKeyDestroyed', v1);

true satisfies Same<
  DataOf<typeof EpochKeyDestroyed>,
  Extract<OperationsEvent, { readonly type: 'EpochKeyDestroyed' }>['data']
>;
