import { type Call, failureReport } from '../call.ts';
import { called, evidence, found, ofTheEnd, type Rule, seconds } from '../finding.ts';
import { refusedStep } from './refused.ts';

/** An answer that comes this long before the end leaves nobody time to fetch it, or to use it. */
const LAST_MOMENT_MS = 2_000;
/** When the side that waits for the other's checks has given up, in the browsers that give up first. */
export const LATE_MS = 30_000;

const answered = (call: Call) => (call.answer ? [evidence(call.answer.fact, 'the offer was answered')] : []);

/** Only what a rule says of an answer that the offerer has not been given. */
const unfetched =
  (rule: (call: Call & { readonly answer: NonNullable<Call['answer']> }) => ReturnType<Rule>): Rule =>
  (call) =>
    call.answer && !call.offerer.gotAnswer ? rule({ ...call, answer: call.answer }) : null;

const readingRefused = unfetched((call) => refusedStep(call, 'read', call.offerer));

const withdrawnUnfetched = unfetched((call) => {
  const { end, answer } = call;
  if (!end || end.how === 'expired') return null;
  const text = `${seconds(end.at - answer.data.answeredAt)} after the answer the offerer gave the session up, without having fetched it.`;
  return found('withdrawn_after_answer', text, [...answered(call), ...ofTheEnd(call)], { isMissing: true });
});

const restarted = unfetched((call) => {
  const restart = call.restarts.find(({ fact }) => fact.at >= call.answer.fact.at);
  if (!restart) return null;
  return found(
    'server_restarted',
    'A process of the server started after the answer, and the offerer did not fetch the answer after that.',
    [...answered(call), evidence(restart.fact, `a process started: ${restart.data.role}`)],
    { certain: false, isMissing: true, alternatives: ['answer_not_fetched'] },
  );
});

const lastMoment = unfetched((call) => {
  const left = (call.end?.at ?? call.dueAt) - call.answer.data.answeredAt;
  if (left > LAST_MOMENT_MS) return null;
  const text = `The answer came ${seconds(left)} before the session ended, and the offerer did not fetch it in that time.`;
  return found('answered_just_before_end', text, [...answered(call), ...ofTheEnd(call)], { isMissing: true });
});

const neverFetched = unfetched((call) => {
  const waited = seconds((call.end?.at ?? call.now) - call.answer.data.answeredAt);
  const text = `The answer was there for ${waited}, and ${called(call.offerer)} did not fetch it.`;
  return found('answer_not_fetched', text, [...answered(call), ...ofTheEnd(call)], { isMissing: true });
});

const fetchedTooLate: Rule = (call) => {
  const { answer, end } = call;
  const got = call.offerer.gotAnswer;
  if (!answer || !got) return null;
  const waited = got.firstAt - answer.data.answeredAt;
  // Whoever withdraws when the answer is there has what it wanted.
  const atTheEnd = end !== null && got.firstAt >= end.at - (end.how === 'expired' ? LAST_MOMENT_MS / 2 : 0);
  const isWithdrawal = end !== null && end.how !== 'expired' && got.firstAt <= end.at;
  if ((!atTheEnd || isWithdrawal) && waited < LATE_MS) return null;
  return found(
    'answer_fetched_too_late',
    `The offerer fetched the answer ${seconds(waited)} after it was given${atTheEnd && !isWithdrawal ? ', when the session ended or had ended' : ''}.`,
    [...answered(call), evidence(got.fact, 'the offerer was given the answer'), ...ofTheEnd(call)],
    { certain: (atTheEnd && !isWithdrawal) || failureReport(call) !== null, isUnseen: true },
  );
};

export const onAnswer: readonly Rule[] = [
  readingRefused,
  withdrawnUnfetched,
  restarted,
  lastMoment,
  neverFetched,
  fetchedTooLate,
];
