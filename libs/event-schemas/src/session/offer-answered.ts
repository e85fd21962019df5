import type { SessionEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { name, names, text, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({
  answerer: name,
  sdp: text,
  matchedTags: names.nullable(),
  answeredAt: time,
  expiresAt: time,
});

export const OfferAnswered = eventSchema('OfferAnswered', v1);

true satisfies Same<DataOf<typeof OfferAnswered>, Extract<SessionEvent, { readonly type: 'OfferAnswered' }>['data']>;
