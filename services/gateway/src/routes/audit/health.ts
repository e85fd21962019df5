import { auditApi } from '@signalbox/contracts';
import { type AuditRoute, forAuditors } from './deps.ts';

export const auditHealth: AuditRoute = async (app, { health }) => {
  app.route({
    method: 'GET',
    url: '/v1/audit/health',
    config: { ...forAuditors, quiet: true },
    schema: {
      tags: ['audit'],
      summary: 'How old the newest checkpoint is, the last verification, the keys, and how far the read models are',
      response: { 200: auditApi.health.answer },
    },
    handler: async () => health(),
  });
};
