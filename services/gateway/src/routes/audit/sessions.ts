import { auditApi } from '@signalbox/contracts';
import { sendProblem } from '@signalbox/http';
import { recordedCursor } from './cursors.ts';
import { type AuditRoute, forAuditors } from './deps.ts';
import { futureProblem, momentOf } from './moment.ts';
import { presentRecorded } from './present.ts';

const tags = ['audit'];

export const auditSessions: AuditRoute = async (app, { audit, now, onShown }) => {
  app.route({
    method: 'GET',
    url: '/v1/audit/sessions',
    config: forAuditors,
    schema: {
      tags,
      summary: 'Recorded sessions by identity, tag, trace or time, newest first',
      querystring: auditApi.sessions.query,
      response: { 200: auditApi.sessions.answer },
    },
    handler: async (request, reply) => {
      const { identity = null, tag = null, trace = null, from = null, to = null, limit, cursor } = request.query;
      const after = cursor === undefined ? null : recordedCursor.decode(cursor);
      if (after === undefined) return sendProblem(reply, 'INVALID_CURSOR');
      // One more than asked for tells whether there is a next page.
      const rows = await audit.index.sessions({ identity, tag, trace, from, to }, after, limit + 1);
      const sessions = rows.slice(0, limit);
      const last = rows.length > limit ? sessions.at(-1) : undefined;
      return { sessions: sessions.map(presentRecorded), cursor: last ? recordedCursor.encode(last) : null };
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/audit/sessions/:sessionId',
    config: forAuditors,
    schema: {
      tags,
      summary: 'What happened in a session, what was refused, and why it did or did not connect',
      params: auditApi.sessionPath,
      response: { 200: auditApi.session.answer },
    },
    handler: async (request, reply) => {
      const timeline = await audit.timelines.session(request.params.sessionId);
      if (!timeline) return sendProblem(reply, 'OFFER_NOT_FOUND');
      onShown(timeline.entries.length);
      return timeline;
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/audit/sessions/:sessionId/state',
    config: forAuditors,
    schema: {
      tags,
      summary: 'The state of a session at a time or a revision, folded from the log',
      params: auditApi.sessionPath,
      querystring: auditApi.sessionState.query,
      response: { 200: auditApi.sessionState.answer },
    },
    handler: async (request, reply) => {
      const { sessionId } = request.params;
      const future = futureProblem(request.query.at, now());
      if (future) return sendProblem(reply, 'INVALID_PARAMS', future);
      const state = await audit.states.session(sessionId, momentOf(request.query));
      if (!state) return sendProblem(reply, 'OFFER_NOT_FOUND', { detail: 'There was no such session by then.' });
      onShown(state.revision + 1);
      return { sessionId, at: request.query.at ?? null, ...state };
    },
  });
};
