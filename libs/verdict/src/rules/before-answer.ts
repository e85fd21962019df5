import type { Call } from '../call.ts';
import { evidence, type Finding, found, nameOf, ofTheEnd, type Rule, seconds } from '../finding.ts';
import { refusedStep } from './refused.ts';
import { sdpOfOneSide } from './sdp.ts';

/** Each of these says nothing once there is an answer. */
const unanswered =
  (rule: Rule): Rule =>
  (call) =>
    call.answer ? null : rule(call);

const published = ({ offer }: Call) => evidence(offer.fact, 'the offer was published');

const seen = ({ discovered }: Call) =>
  discovered ? [evidence(discovered.fact, `the offer was shown ${discovered.data.times} times`)] : [];

/** An attempt to answer what had ended: whoever was no party is told that there is no such offer. */
const attemptAfterEnd = ({ refusals, end }: Call) =>
  refusals.find(
    ({ operation, code, lastAt }) =>
      end && operation === 'answer' && lastAt >= end.at && ['SESSION_ENDED', 'OFFER_NOT_FOUND'].includes(code),
  );

const answerRefused: Rule = (call) => refusedStep(call, 'answer', null);

const withdrawn: Rule = (call) => {
  const { end, offer } = call;
  if (!end || end.how === 'expired') return null;
  const after = seconds(end.at - offer.data.publishedAt);
  const text =
    end.how === 'replaced'
      ? `The offerer published anew ${after} after publishing this offer, before anybody answered it.`
      : `The offerer withdrew the offer ${after} after publishing it, before anybody answered.`;
  const late = attemptAfterEnd(call);
  return found(end.how === 'replaced' ? 'replaced' : 'withdrawn_before_answer', text, [
    ...[published(call), ...ofTheEnd(call)],
    ...(late ? [evidence(late.fact, 'somebody answered after that, and was refused')] : []),
  ]);
};

const tooLate: Rule = (call) => {
  const late = attemptAfterEnd(call);
  if (!late || !call.end) return null;
  const who = late.identity === null ? 'Somebody' : nameOf(late.identity);
  const text = `${who} answered ${seconds(late.firstAt - call.end.at)} after the offer had expired, and was refused.`;
  return found('answered_too_late', text, [...ofTheEnd(call), evidence(late.fact, 'an answer was refused')]);
};

const neverSent: Rule = (call) => {
  const last = call.ahead.at(-1);
  if (!last) return null;
  const text = `${nameOf(last.data.identity)} sent candidates for the offer, but never an answer.`;
  const says = `${nameOf(last.data.identity)} sent ${last.data.candidates.length} candidates ahead of an answer`;
  return found('answer_never_sent', text, [evidence(last.fact, says), ...ofTheEnd(call)], { isMissing: true });
};

/** Whoever saw the offer was cut off from the server afterwards. */
const restarted: Rule = (call) => {
  const { discovered } = call;
  const restart = discovered && call.restarts.find(({ fact }) => fact.at > discovered.data.firstShownAt);
  if (!restart) return null;
  return found(
    'server_restarted',
    'The offer had been shown to somebody when a process of the server started, and no answer came after that.',
    [...seen(call), evidence(restart.fact, `a process started: ${restart.data.role}`)],
    { certain: false, isMissing: true, alternatives: ['discovered_not_answered'] },
  );
};

const unusableOffer: Rule = (call) => (call.discovered ? sdpOfOneSide(call.offerer) : null);

const notAnswered = (call: Call): Finding => {
  const lived = seconds((call.end?.at ?? call.now) - call.offer.data.publishedAt);
  const rest = [published(call), ...seen(call), ...ofTheEnd(call)];
  return call.discovered
    ? found('discovered_not_answered', `The offer was shown, but nobody answered it in ${lived}.`, rest, {
        isMissing: true,
      })
    : found('never_discovered', `Nobody was shown the offer in ${lived}.`, rest, { isMissing: true });
};

export const beforeAnswer: readonly Rule[] = [
  answerRefused,
  withdrawn,
  tooLate,
  neverSent,
  unusableOffer,
  restarted,
  notAnswered,
].map(unanswered);
