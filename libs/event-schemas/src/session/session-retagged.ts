import type { SessionEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { names, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ tags: names, retaggedAt: time });

export const SessionRetagged = eventSchema('SessionRetagged', v1);

true satisfies Same<
  DataOf<typeof SessionRetagged>,
  Extract<SessionEvent, { readonly type: 'SessionRetagged' }>['data']
>;
