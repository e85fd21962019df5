import type { SessionEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ dueAt: time, was: z.enum(['open', 'answered']), expiredAt: time });

export const SessionExpired = eventSchema('SessionExpired', v1);

true satisfies Same<DataOf<typeof SessionExpired>, Extract<SessionEvent, { readonly type: 'SessionExpired' }>['data']>;
