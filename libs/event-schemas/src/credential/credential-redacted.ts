import type { CredentialEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ reason: z.enum(['retention', 'erasure']), policy: name, redactedAt: time });

export const CredentialRedacted = eventSchema('CredentialRedacted', v1);

true satisfies Same<
  DataOf<typeof CredentialRedacted>,
  Extract<CredentialEvent, { readonly type: 'CredentialRedacted' }>['data']
>;
