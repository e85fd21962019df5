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

const time = z.int().nullable().meta({ description: 'Epoch milliseconds; null for an epoch that does not end.' });
const masterKey = z.string().meta({ description: 'Names a master key without telling anything of it.' });
const needs = z
  .array(
    z
      .object({
        id: masterKey,
        epochs: count.meta({ description: 'How many epochs it wraps: `keys rotate` changes that.' }),
        credentials: count.meta({
          description:
            'How many live credentials have a secret that it seals by itself, from before payloads were sealed. No rotation changes that.',
        }),
      })
      .readonly(),
  )
  .readonly();

export const keysApi = {
  status: z.object({
    current: masterKey.meta({ description: 'The master key that wraps from now on: the first of the ring.' }),
    masterKeys: needs.meta({ description: 'The ring, with what needs each.' }),
    unneeded: z.array(masterKey).readonly().meta({ description: 'Keys of the ring that may be removed.' }),
    missing: needs.meta({
      description: 'Keys that are needed and that the ring has not: what they seal is unreadable.',
    }),
    epochs: z
      .array(z.object({ id: z.string(), startsAt: time, endsAt: time, dataKeys: count, masterKey }).readonly())
      .readonly(),
    store: z
      .object({
        bytes: count.meta({ description: 'What the key store takes.' }),
        bound: count
          .nullable()
          .meta({ description: 'Where it takes no more keys; null where only the disk bounds it.' }),
      })
      .readonly(),
  }),
  rotation: z.object({ to: masterKey, rewrapped: count, total: count }),
};
