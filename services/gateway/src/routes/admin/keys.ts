import type { CommandContext } from '@signalbox/commands';
import type { Vault } from '@signalbox/vault';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';

export type KeyRoutesDeps = {
  readonly vault: Pick<Vault, 'rotate' | 'status'>;
  /** Records what was done; resolves when that is in the log. */
  readonly recordOperation: (
    operation: {
      readonly type: 'MasterKeyRotated';
      readonly data: { readonly to: string; readonly rewrapped: number; readonly rotatedAt: number };
    },
    context: CommandContext,
  ) => Promise<void>;
  /** Who asked, and by what proof. */
  readonly contextOf: (request: FastifyRequest) => CommandContext;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

const count = z.int().min(0);
const time = z.int().nullable().meta({ description: 'Epoch milliseconds; null for an epoch that does not end.' });
const masterKey = z.string().meta({ description: 'Names a master key without telling anything of it.' });

const status = z.object({
  current: masterKey.meta({ description: 'The master key that wraps from now on: the first of the ring.' }),
  masterKeys: z
    .array(z.object({ id: masterKey, epochs: count }))
    .meta({ description: 'The ring, with how many epochs need each.' }),
  unneeded: z.array(masterKey).meta({ description: 'Keys of the ring that may be removed.' }),
  missing: z
    .array(z.object({ id: masterKey, epochs: count }))
    .meta({ description: 'Keys that epochs need and the ring has not: what those sealed is unreadable.' }),
  epochs: z.array(z.object({ id: z.string(), startsAt: time, endsAt: time, dataKeys: count, masterKey })),
});

const rotation = z.object({ to: masterKey, rewrapped: count, total: count });

const tags = ['admin'];
const config = { access: 'admin', rate: 'operations' } as const;

/** The keys that seal the log: how they stand, and their rotation. */
export const keyRoutes: FastifyPluginAsyncZod<KeyRoutesDeps> = async (app, deps) => {
  const { vault, recordOperation, contextOf, now } = deps;
  app.route({
    method: 'GET',
    url: '/v1/admin/keys',
    config,
    schema: { tags, summary: 'Which master keys are needed, and by what', response: { 200: status } },
    handler: async () => {
      const { masterKeys, unneeded, missing, epochs, current } = await vault.status();
      // The shapes of answers are of arrays that may be changed.
      return {
        current,
        masterKeys: [...masterKeys],
        unneeded: [...unneeded],
        missing: [...missing],
        epochs: [...epochs],
      };
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/admin/keys/rotations',
    config,
    schema: {
      tags,
      summary: 'Wrap every key by the first master key; the log stays as it is',
      response: { 200: rotation },
    },
    handler: async (request) => {
      const done = await vault.rotate();
      // A repetition that finds nothing to do has not happened.
      if (done.rewrapped > 0) {
        const { to, rewrapped } = done;
        await recordOperation(
          { type: 'MasterKeyRotated', data: { to, rewrapped, rotatedAt: now() } },
          contextOf(request),
        );
      }
      return done;
    },
  });
};
