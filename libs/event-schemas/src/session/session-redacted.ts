import type { SessionEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ reason: z.enum(['retention', 'erasure']), policy: name, redactedAt: time });

export const SessionRedacted = eventSchema('SessionRedacted', v1);

true satisfies Same<
  DataOf<typeof SessionRedacted>,
  Extract<SessionEvent, { readonly type: 'SessionRedacted' }>['data']
>;
