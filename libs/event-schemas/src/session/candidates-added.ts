import type { SessionEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, name, opaques, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({
  role: z.enum(['offerer', 'answerer']),
  identity: name,
  candidates: opaques,
  firstIndex: count,
  batchId: name,
  addedAt: time,
});

export const CandidatesAdded = eventSchema('CandidatesAdded', v1);

true satisfies Same<
  DataOf<typeof CandidatesAdded>,
  Extract<SessionEvent, { readonly type: 'CandidatesAdded' }>['data']
>;
