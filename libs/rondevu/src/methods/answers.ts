import type { SessionCommands } from '@signalbox/commands';
import type { Notices, SessionQueries } from '@signalbox/queries';
import { wordsOf } from '../dialect.ts';
import { Failure, fail } from '../failure.ts';
import type { RondevuLimits } from '../options.ts';
import { readMatchedTags, readSdp, readText } from '../params.ts';
import { answered, type SignedMethod, shown, signed } from './method.ts';

type Parts = {
  readonly sessions: SessionCommands;
  readonly sessionQueries: SessionQueries;
  readonly notices: Pick<Notices, 'read'>;
  readonly limits: RondevuLimits;
};

/** In the dialects of credentials an answered offer lives out its time; with keys the answer sets a new, short one. */
export const answerOffer = ({ sessions, limits }: Parts): SignedMethod =>
  signed(async ({ params, dialect, caller, context }) => {
    const offerId = readText(params, 'offerId');
    if (offerId instanceof Failure) return offerId;
    const sdp = readSdp(params.sdp, limits, 'taken');
    if (sdp instanceof Failure) return sdp;
    const matchedTags = dialect === 'hf' ? null : readMatchedTags(params);
    if (matchedTags instanceof Failure) return matchedTags;
    const keepsLifetime = dialect !== 'ed';
    const outcome = await sessions.answer(caller, offerId, { sdp, matchedTags, keepsLifetime }, context);
    return answered(outcome, () => ({ success: true, offerId }));
  }, 'matchedTags');

/** For the owner only: not even the answerer may ask. */
export const getOfferAnswer = ({ sessionQueries, notices }: Parts): SignedMethod =>
  signed(async ({ params, dialect, caller }) => {
    const offerId = readText(params, 'offerId');
    if (offerId instanceof Failure) return offerId;
    const found = await sessionQueries.find(caller, offerId);
    if (found.kind === 'not_found' || found.kind === 'ended') return fail('OFFER_NOT_FOUND');
    const { publisher, answer } = found.session;
    if (publisher !== caller) return fail('NOT_AUTHORIZED');
    if (!answer) return fail('OFFER_NOT_ANSWERED', 'The offer is not yet answered');
    notices.read(caller, found.session);
    const { sdp, answerer, answeredAt } = answer;
    return shown({ sdp, offerId, [wordsOf[dialect].answerer]: answerer, answeredAt });
  });
