import { callerOf, sendProblem } from '@signalbox/http';
import { z } from 'zod';
import type { CommandRoute } from '../app.ts';
import { SMALL_BODY } from '../body-bounds.ts';
import { commandContext } from '../context.ts';
import { sendRefusal } from '../refusals.ts';

export const reportConnection: CommandRoute = async (app, { v1, observations, findSession }) => {
  app.route({
    method: 'POST',
    url: '/v1/sessions/:sessionId/report',
    config: { access: 'caller', rate: 'write', idempotent: true, maxBodyBytes: SMALL_BODY },
    schema: {
      summary: 'Report how the call ended: connected or failed',
      description:
        'For the two parties of an answered session, or the publisher of one that nobody answered; also for a while after its end. Nothing is decided on a report: it helps whoever asks why a call did not connect. The same report again changes nothing, and a party may give four different ones.',
      tags: ['sessions'],
      params: v1.sessionPath,
      body: v1.report.body,
      response: { 201: z.null().meta({ description: 'Kept.' }) },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const { sessionId } = request.params;
      const session = await findSession(sessionId);
      if (!session) return sendProblem(reply, 'OFFER_NOT_FOUND');
      const role = roleOf(session, caller);
      // Who was no party to an ended session does not learn that there was one.
      if (role === null) return sendProblem(reply, session.endedAt === null ? 'NOT_AUTHORIZED' : 'OFFER_NOT_FOUND');
      const result = await observations.report(caller, sessionId, role, request.body, commandContext(request));
      if (result.kind === 'refused') {
        const { refusal } = result;
        return refusal.code === 'too_many_reports'
          ? sendProblem(reply, 'TOO_MANY_REPORTS', { members: { limit: refusal.limit } })
          : sendRefusal(reply, refusal);
      }
      return reply.code(201).send(null);
    },
  });
};

const roleOf = (
  session: { readonly publisher: string; readonly answer: { readonly answerer: string } | null },
  caller: string,
) => {
  if (session.publisher === caller) return 'offerer';
  return session.answer?.answerer === caller ? 'answerer' : null;
};
