import type { SessionEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { name, names, text, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({
  publisher: name,
  tags: names,
  service: z.strictObject({ name, version: name }).nullable(),
  sdp: text,
  publishedAt: time,
  expiresAt: time,
});

export const OfferPublished = eventSchema('OfferPublished', v1);

true satisfies Same<DataOf<typeof OfferPublished>, Extract<SessionEvent, { readonly type: 'OfferPublished' }>['data']>;
