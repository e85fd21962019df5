import type { CredentialEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { text, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({
  sealedSecret: text,
  issuedAt: time,
  expiresAt: time,
  lifetime: z.enum(['fixed', 'sliding']),
});

export const CredentialIssued = eventSchema('CredentialIssued', v1);

true satisfies Same<
  DataOf<typeof CredentialIssued>,
  Extract<CredentialEvent, { readonly type: 'CredentialIssued' }>['data']
>;
