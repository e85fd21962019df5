import type { ObservationEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ firstShownAt: time, times: count });

export const OfferDiscovered = eventSchema('OfferDiscovered', v1);

true satisfies Same<
  DataOf<typeof OfferDiscovered>,
  Extract<ObservationEvent, { readonly type: 'OfferDiscovered' }>['data']
>;
