import { auditApi } from '@signalbox/contracts';
import { sendProblem } from '@signalbox/http';
import { type AuditRoute, forAuditors } from './deps.ts';
import { futureProblem, momentOf } from './moment.ts';

const tags = ['audit'];

/** Never with a secret, not even as it is sealed. */
export const auditCredentials: AuditRoute = async (app, { audit, now, onShown }) => {
  app.route({
    method: 'GET',
    url: '/v1/audit/credentials/:name',
    config: forAuditors,
    schema: {
      tags,
      summary: 'What happened to a credential',
      params: auditApi.credentialPath,
      response: { 200: auditApi.credential.answer },
    },
    handler: async (request, reply) => {
      const timeline = await audit.timelines.credential(request.params.name);
      if (!timeline) return sendProblem(reply, 'CREDENTIAL_NOT_FOUND');
      onShown(timeline.entries.length);
      return timeline;
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/audit/credentials/:name/state',
    config: forAuditors,
    schema: {
      tags,
      summary: 'The state of a credential at a time or a revision, folded from the log',
      params: auditApi.credentialPath,
      querystring: auditApi.credentialState.query,
      response: { 200: auditApi.credentialState.answer },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      const future = futureProblem(request.query.at, now());
      if (future) return sendProblem(reply, 'INVALID_PARAMS', future);
      const state = await audit.states.credential(name, momentOf(request.query));
      if (!state)
        return sendProblem(reply, 'CREDENTIAL_NOT_FOUND', { detail: 'There was no such credential by then.' });
      onShown(state.revision + 1);
      return { name, at: request.query.at ?? null, ...state };
    },
  });
};
