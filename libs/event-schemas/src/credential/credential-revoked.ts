import type { CredentialEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ revokedAt: time, by: name });

export const CredentialRevoked = eventSchema('CredentialRevoked', v1);

true satisfies Same<
  DataOf<typeof CredentialRevoked>,
  Extract<CredentialEvent, { readonly type: 'CredentialRevoked' }>['data']
>;
