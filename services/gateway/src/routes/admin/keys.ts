import type { KeyReport } from '@signalbox/assembly';
import type { CommandContext } from '@signalbox/commands';
import { keysApi } from '@signalbox/contracts';
import { type ExportedStore, exportedKeys, exportKeys, type Vault } from '@signalbox/vault';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { streamed } from '../streamed.ts';
import type { ActingDeps } from './acting.ts';

type Rotated = {
  readonly type: 'MasterKeyRotated';
  readonly data: { readonly to: string; readonly rewrapped: number; readonly rotatedAt: number };
};

export type KeyRoutesDeps = ActingDeps & {
  readonly vault: Pick<Vault, 'rotate'>;
  readonly keyReport: () => Promise<KeyReport>;
  readonly keyStore: ExportedStore;
  /** A rotation is recorded in the same way. */
  readonly recordOperation: (operation: Rotated, context: CommandContext) => Promise<void>;
};

const tags = ['admin'];
const config = { access: 'admin', rate: 'operations' } as const;

/** The keys that seal the log: how they stand, their rotation, and their export. */
export const keyRoutes: FastifyPluginAsyncZod<KeyRoutesDeps> = async (app, deps) => {
  const { vault, keyReport, keyStore, recordOperation, contextOf, now } = deps;
  app.route({
    method: 'GET',
    url: '/v1/admin/keys',
    config,
    schema: {
      tags,
      summary: 'Which master keys are needed, and by what; how full the key store is',
      response: { 200: keysApi.status },
    },
    handler: () => keyReport(),
  });
  app.route({
    method: 'POST',
    url: '/v1/admin/keys/rotations',
    config,
    schema: {
      tags,
      summary: 'Wrap every key by the first master key; the log stays as it is',
      response: { 200: keysApi.rotation },
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
  app.route({
    method: 'POST',
    url: '/v1/admin/keys/exports',
    config,
    schema: {
      tags,
      summary: 'Every key, wrapped, as `signalbox keys import` reads them: lines of JSON, `application/x-ndjson`',
      description:
        'None of them opens anything without a master key. The last line says `end`: without it, not all keys were sent. ' +
        'Whatever was acknowledged before can be read with them.',
    },
    handler: async (request, reply) => {
      await recordOperation(
        { type: 'AdminActed', data: { action: 'export keys', target: null, actedAt: now() } },
        contextOf(request),
      );
      return streamed(request, reply, exportedKeys(exportKeys(keyStore)).lines);
    },
  });
};
