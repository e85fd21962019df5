import type { OperationsEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ action: name, target: name.nullable(), actedAt: time });

export const AdminActed = eventSchema('AdminActed', v1);

true satisfies Same<DataOf<typeof AdminActed>, Extract<OperationsEvent, { readonly type: 'AdminActed' }>['data']>;
