import type { Call, Refusal, Side } from '../call.ts';
import type { Cause } from '../catalogue.ts';
import { called, evidence, type Finding, found, nameOf } from '../finding.ts';

/** A clock is what is wrong, not the key: by the reason of a failed authentication, or its text in Rondevu's dialects. */
const CLOCK = /^too_old$|^too_far_ahead$|timestamp is too|created is/i;

const UNPROVED = ['INVALID_CREDENTIALS', 'AUTH_REQUIRED', 'INVALID_PUBLIC_KEY'];
const CONTENT = ['SDP_TOO_LARGE', 'INVALID_SDP', 'BODY_TOO_LARGE', 'INVALID_PARAMS', 'INVALID_TAG', 'MISSING_PARAMS'];
const TROUBLE = [
  ...['OVERLOADED', 'LOG_UNAVAILABLE', 'VIEWS_UNAVAILABLE', 'NOT_CAUGHT_UP', 'REQUEST_TIMEOUT', 'INTERNAL_ERROR'],
  ...['CONTENDED', 'STORAGE_FULL'],
];

/** What explains the most comes first. */
const kinds: readonly (readonly [Cause, (refusal: Refusal) => boolean])[] = [
  ['clock_skew', ({ code, detail }) => [...UNPROVED, 'INVALID_PARAMS'].includes(code) && CLOCK.test(detail ?? '')],
  ['signature_refused', ({ code }) => UNPROVED.includes(code)],
  ['rate_limited', ({ code }) => code === 'RATE_LIMIT_EXCEEDED'],
  ['answer_not_accepted', ({ code, operation }) => operation === 'answer' && CONTENT.includes(code)],
  ['server_unavailable', ({ code }) => TROUBLE.includes(code)],
];

const whatFor = { answer: 'answering', candidates: 'sending candidates', read: 'reading' } as const;

/** What the matter is when the refusal had nothing to do with it. */
const otherwise = ({ answer, discovered }: Call, operation: keyof typeof whatFor): readonly Cause[] => {
  if (operation === 'candidates') return ['no_candidates'];
  if (answer) return ['answer_not_fetched', 'candidates_not_fetched'];
  return [discovered ? 'discovered_not_answered' : 'never_discovered'];
};

/** Refusals of a party, or of somebody who could not prove who it was: that is how a party with a wrong clock looks. */
export const maybeOf = (side: Side, refusals: readonly Refusal[]): readonly Refusal[] =>
  refusals.filter(({ identity }) => identity === null || identity === side.identity);

/**
 * Why a step was refused that never came about. `by`: the party that had to take it; null for whoever might have. With
 * a party, what it was refused with before `since` did no harm: it came through after it.
 */
export const refusedStep = (
  call: Call,
  operation: keyof typeof whatFor,
  by: Side | null,
  since = 0,
): Finding | null => {
  const ofStep = call.refusals.filter((refusal) => refusal.operation === operation && refusal.lastAt >= since);
  const mine = by ? maybeOf(by, ofStep) : ofStep;
  for (const [cause, fits] of kinds) {
    const refusal = mine.find(fits);
    if (!refusal) continue;
    const { code, count, detail, identity, lastAt } = refusal;
    const who = identity === null ? 'somebody' : by ? called(by) : nameOf(identity);
    const why = detail === null ? code : `${code}: ${detail}`;
    const sentence = `${who.charAt(0).toUpperCase()}${who.slice(1)} was refused when ${whatFor[operation]} (${why}), and it did not come about after that.`;
    const says = `refused ${count === 1 ? 'once' : `${count} times`} when ${whatFor[operation]}: ${why}`;
    // Whoever could not prove who it was may be anybody; and what was refused before it was needed may not be missed.
    const certain = identity !== null && (operation !== 'read' || lastAt >= (call.answer?.data.answeredAt ?? 0));
    const alternatives = certain ? [] : otherwise(call, operation);
    return found(cause, sentence, [evidence(refusal.fact, says)], { certain, isMissing: true, alternatives });
  }
  return null;
};
