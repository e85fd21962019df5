import { auditApi } from '@signalbox/contracts';
import { sendProblem } from '@signalbox/http';
import { recordedCursor } from './cursors.ts';
import { type AuditRoute, forAuditors } from './deps.ts';
import { presentRecorded } from './present.ts';

export const auditIdentities: AuditRoute = async (app, { audit, onShown }) => {
  app.route({
    method: 'GET',
    url: '/v1/audit/identities/:identity',
    config: forAuditors,
    schema: {
      tags: ['audit'],
      summary: 'Everything that an identity did, its newest session first',
      params: auditApi.identityPath,
      querystring: auditApi.identity.query,
      response: { 200: auditApi.identity.answer },
    },
    handler: async (request, reply) => {
      const { identity } = request.params;
      const { cursor, limit } = request.query;
      const after = cursor === undefined ? null : recordedCursor.decode(cursor);
      if (after === undefined) return sendProblem(reply, 'INVALID_CURSOR');
      const { sessions, credential, entries, next } = await audit.identity(identity, after, limit);
      onShown(entries.length);
      return {
        identity,
        sessions: sessions.map(presentRecorded),
        credential,
        events: entries,
        cursor: next && recordedCursor.encode(next),
      };
    },
  });
};
