import type { CredentialEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ renewedAt: time, expiresAt: time });

export const CredentialRenewed = eventSchema('CredentialRenewed', v1);

true satisfies Same<
  DataOf<typeof CredentialRenewed>,
  Extract<CredentialEvent, { readonly type: 'CredentialRenewed' }>['data']
>;
