import type { SessionEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ reason: z.enum(['withdrawn', 'replaced']), withdrawnAt: time });

export const SessionWithdrawn = eventSchema('SessionWithdrawn', v1);

true satisfies Same<
  DataOf<typeof SessionWithdrawn>,
  Extract<SessionEvent, { readonly type: 'SessionWithdrawn' }>['data']
>;
