import type { ObservationEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const candidateType = z.enum(['host', 'srflx', 'prflx', 'relay']);

const v1 = z.strictObject({
  outcome: z.enum(['connected', 'failed']),
  localCandidateType: candidateType.nullable(),
  remoteCandidateType: candidateType.nullable(),
  roundTripTimeMs: z.number().nullable(),
  iceConnectionState: name.nullable(),
  iceGatheringState: name.nullable(),
  connectionState: name.nullable(),
  by: name,
  role: z.enum(['offerer', 'answerer']),
  reportedAt: time,
});

export const ConnectionReported = eventSchema('ConnectionReported', v1);

true satisfies Same<
  DataOf<typeof ConnectionReported>,
  Extract<ObservationEvent, { readonly type: 'ConnectionReported' }>['data']
>;
