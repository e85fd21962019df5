import type { SessionEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { name, opaques, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({
  identity: name,
  candidates: opaques,
  batchId: name,
  heldAt: time,
  evicted: name.nullable(),
});

export const CandidatesHeld = eventSchema('CandidatesHeld', v1);

true satisfies Same<DataOf<typeof CandidatesHeld>, Extract<SessionEvent, { readonly type: 'CandidatesHeld' }>['data']>;
