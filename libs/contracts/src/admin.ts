import { z } from 'zod';

/** What operators do over HTTP. Times are epoch milliseconds. */

const count = z.int().min(0);

export const erasureApi = {
  body: z
    .union([
      z.strictObject({ sessionId: z.string().min(1).max(128) }),
      z.strictObject({
        identity: z
          .string()
          .min(1)
          .max(256)
          .meta({ description: 'A credential name, or the 64 hex digits of an Ed25519 public key.' }),
      }),
    ])
    .meta({ description: 'One session, or everything that an identity took part in.' }),
  answer: z.object({
    erasureId: z.string().meta({ description: 'Named in every event that this erasure recorded.' }),
    sessions: count.meta({ description: 'How many sessions are erased now, also by an earlier try.' }),
    credentials: count,
    dataKeys: count.meta({ description: 'How many keys were still there: 0 for a repetition.' }),
    completedAt: z.int().meta({ description: 'Epoch milliseconds.' }),
  }),
};
