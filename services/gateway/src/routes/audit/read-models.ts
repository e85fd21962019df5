import { auditApi } from '@signalbox/contracts';
import { sendProblem } from '@signalbox/http';
import { type AuditRoute, forAuditors } from './deps.ts';
import { futureProblem } from './moment.ts';
import { presentOffer } from './present.ts';

/** Reading back as far as an offer may live takes longer than other answers. */
const LONG_MS = 60_000;

export const auditReadModels: AuditRoute = async (app, { audit, now, onShown }) => {
  app.route({
    method: 'GET',
    url: '/v1/audit/read-models/discovery',
    config: { ...forAuditors, deadlineMs: LONG_MS },
    schema: {
      tags: ['audit'],
      summary: 'What discovery showed at a moment, or shows now',
      querystring: auditApi.discovery.query,
      response: { 200: auditApi.discovery.answer },
    },
    handler: async (request, reply) => {
      const { at, tag, service = null, limit } = request.query;
      const asked = now();
      const future = futureProblem(at, asked);
      if (future) return sendProblem(reply, 'INVALID_PARAMS', future);
      const signal = AbortSignal.any([request.gone, app.closing]);
      const then = await audit.discoveryAt(at ?? asked, { tags: tag, service, except: null }, limit, signal);
      onShown(then.sessions.length);
      return { ...then, sessions: then.sessions.map(presentOffer) };
    },
  });
};
