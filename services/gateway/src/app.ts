import type { V1 } from '@signalbox/contracts';
import type { Progress } from '@signalbox/read-models';
import type { Rondevu } from '@signalbox/rondevu';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { consolePage } from './console/console.ts';
import type { Recorder } from './recorder.ts';
import { type AdminDeps, adminRoutes } from './routes/admin/index.ts';
import { auditEvidence } from './routes/audit/evidence.ts';
import { auditRoutes } from './routes/audit/index.ts';
import { batch } from './routes/batch.ts';
import { landing } from './routes/landing.ts';
import { rpc } from './routes/rpc.ts';

export type GatewayDeps = {
  readonly v1: V1;
  readonly rondevu: Rondevu;
  readonly progress: Progress;
  /** How long a request waits for what its consistency token stands for. */
  readonly consistencyWaitMs: number;
  readonly limits: { readonly maxBatch: number; readonly maxOperations: number };
  readonly version: string;
  /** Null: as each request says. */
  readonly publicUrl: string | null;
  /** For the landing page: whether every dependency answers. */
  readonly healthy: () => Promise<boolean>;
  /** Open and answered ones. */
  readonly liveSessions: () => Promise<number>;
};

export type RecorderDeps = { readonly recorder: Recorder; readonly admin: AdminDeps };

export type { History } from '@signalbox/audit';
export { createRecorder, type Recorder, type RecorderParts } from './recorder.ts';
export type { AdminDeps } from './routes/admin/index.ts';
export type { RebuildProgress, Rebuilds } from './routes/audit/index.ts';

export type GatewayRoute = FastifyPluginAsyncZod<GatewayDeps>;

/** The front door: the page for people, the console, Rondevu's `/rpc`, and batches of v1 requests. */
export const gatewayRoutes: GatewayRoute = async (app, deps) => {
  for (const route of [landing, consolePage, rpc, batch]) await app.register(route, deps);
};

/** The flight recorder: what was recorded, what proves it, and what administers the server. */
export const recorderRoutes: FastifyPluginAsyncZod<RecorderDeps> = async (app, { recorder, admin }) => {
  await app.register(auditRoutes, recorder.audit);
  await app.register(auditEvidence, recorder.evidence);
  await app.register(adminRoutes, admin);
};
