import type { OperationsEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ to: name, rewrapped: count, rotatedAt: time });

export const MasterKeyRotated = eventSchema('MasterKeyRotated', v1);

true satisfies Same<
  DataOf<typeof MasterKeyRotated>,
  Extract<OperationsEvent, { readonly type: 'MasterKeyRotated' }>['data']
>;
