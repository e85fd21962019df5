import type { CredentialEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ dueAt: time, expiredAt: time });

export const CredentialExpired = eventSchema('CredentialExpired', v1);

true satisfies Same<
  DataOf<typeof CredentialExpired>,
  Extract<CredentialEvent, { readonly type: 'CredentialExpired' }>['data']
>;
