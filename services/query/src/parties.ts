import { sendProblem } from '@signalbox/http';
import type { SessionAnswer } from '@signalbox/queries';
import type { FastifyReply } from 'fastify';

/** What a caller is told about a session that it may not see, or see no more. */
export const sendUnlessFound = (
  reply: FastifyReply,
  answer: Exclude<SessionAnswer, { readonly kind: 'found' }>,
): FastifyReply => {
  switch (answer.kind) {
    case 'not_found':
      return sendProblem(reply, 'OFFER_NOT_FOUND');
    case 'not_a_party':
      return sendProblem(reply, 'NOT_AUTHORIZED');
    case 'ended':
      return sendProblem(reply, 'SESSION_ENDED', { members: { ended: { how: answer.how, endedAt: answer.endedAt } } });
  }
};
