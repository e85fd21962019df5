import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { type AcceptanceRoutesDeps, acceptanceRoutes } from './acceptances.ts';
import { type ErasureRoutesDeps, erasureRoutes } from './erasures.ts';
import { type KeyRoutesDeps, keyRoutes } from './keys.ts';
import { type RebuildRoutesDeps, rebuildRoutes } from './rebuilds.ts';
import { type VerificationRoutesDeps, verificationRoutes } from './verifications.ts';

export type AdminDeps = AcceptanceRoutesDeps &
  ErasureRoutesDeps &
  KeyRoutesDeps &
  RebuildRoutesDeps &
  VerificationRoutesDeps;

/** What is done to the server itself, for holders of the scope `admin`. Whatever it changes leaves an event. */
export const adminRoutes: FastifyPluginAsyncZod<AdminDeps> = async (app, deps) => {
  await app.register(acceptanceRoutes, deps);
  await app.register(erasureRoutes, deps);
  await app.register(keyRoutes, deps);
  await app.register(rebuildRoutes, deps);
  await app.register(verificationRoutes, deps);
};
