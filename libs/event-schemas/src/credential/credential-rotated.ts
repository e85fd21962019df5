import type { CredentialEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { text, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({ sealedSecret: text, rotatedAt: time, previousValidUntil: time });

export const CredentialRotated = eventSchema('CredentialRotated', v1);

true satisfies Same<
  DataOf<typeof CredentialRotated>,
  Extract<CredentialEvent, { readonly type: 'CredentialRotated' }>['data']
>;
