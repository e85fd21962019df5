import type { OperationsEvent } from '@signalbox/domain';
import { z } from 'zod';
import { type DataOf, eventSchema } from '../event-schema.ts';
import { count, name, time } from '../fields.ts';
import type { Same } from '../same.ts';

const v1 = z.strictObject({
  rebuildId: name,
  name,
  events: count,
  position: count,
  startedAt: time,
  finishedAt: time,
});

export const ReadModelRebuilt = eventSchema('ReadModelRebuilt', v1);

true satisfies Same<
  DataOf<typeof ReadModelRebuilt>,
  Extract<OperationsEvent, { readonly type: 'ReadModelRebuilt' }>['data']
>;
