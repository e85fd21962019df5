import { auditCredentials } from './credentials.ts';
import type { AuditRoute } from './deps.ts';
import { auditEvents } from './events.ts';
import { auditHealth } from './health.ts';
import { auditIdentities } from './identities.ts';
import { auditReadModels } from './read-models.ts';
import { auditSessions } from './sessions.ts';

export type { AuditDeps, AuditHealth, RebuildProgress, Rebuilds } from './deps.ts';

/** The flight recorder's reading side, for holders of the scope `audit`. */
export const auditRoutes: AuditRoute = async (app, deps) => {
  const routes = [auditSessions, auditCredentials, auditIdentities, auditEvents, auditReadModels, auditHealth];
  for (const route of routes) await app.register(route, deps);
};
