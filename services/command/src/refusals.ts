import type { Refusal } from '@signalbox/commands';
import type { ErrorCode } from '@signalbox/contracts';
import { type ProblemDetails, sendProblem } from '@signalbox/http';
import type { FastifyReply } from 'fastify';

type Told = { readonly code: ErrorCode; readonly details?: ProblemDetails };

type Tell = { readonly [C in Refusal['code']]: (refusal: Extract<Refusal, { readonly code: C }>) => Told };

/** A new refusal does not compile until it says here what a client is told. */
const tell: Tell = {
  offer_not_found: () => ({ code: 'OFFER_NOT_FOUND' }),
  session_exists: () => ({ code: 'CONTENDED' }),
  session_ended: ({ how, endedAt }) => ({ code: 'SESSION_ENDED', details: { members: { ended: { how, endedAt } } } }),
  offer_already_answered: ({ answerer, answeredAt }) => ({
    code: 'OFFER_ALREADY_ANSWERED',
    details: { members: { winner: { answerer, answeredAt } } },
  }),
  tags_not_on_offer: ({ tags }) => ({
    code: 'INVALID_PARAMS',
    details: { errors: [{ path: 'body.matchedTags', message: `are not on the offer: ${tags.join(', ')}` }] },
  }),
  not_authorized: () => ({ code: 'NOT_AUTHORIZED' }),
  too_many_candidates: ({ limit, have }) => ({
    code: 'TOO_MANY_ICE_CANDIDATES',
    details: { members: { limit, have } },
  }),
  too_many_sessions: ({ limit }) => ({ code: 'TOO_MANY_OFFERS_PER_USER', details: { members: { limit } } }),
  storage_full: ({ limit }) => ({ code: 'STORAGE_FULL', details: { members: { limit } } }),
  credential_name_taken: () => ({ code: 'NAME_TAKEN' }),
  credential_not_found: () => ({ code: 'CREDENTIAL_NOT_FOUND' }),
  credential_ended: () => ({ code: 'CREDENTIAL_NOT_FOUND' }),
  contended: () => ({ code: 'CONTENDED', details: { retryAfterMs: 100 } }),
};

export const sendRefusal = (reply: FastifyReply, refusal: Refusal): FastifyReply => {
  const { code, details } = (tell[refusal.code] as (refusal: Refusal) => Told)(refusal);
  return sendProblem(reply, code, details);
};
