import type { OperationsEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ size: count, root: name, position: count, note: name, signedAt: time });

export const CheckpointSigned = eventSchema('CheckpointSigned', v1);

true satisfies Same<
  DataOf<typeof CheckpointSigned>,
  Extract<OperationsEvent, { readonly type: 'CheckpointSigned' }>['data']
>;
