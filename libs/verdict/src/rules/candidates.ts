import { type Call, failureReport, otherSide, type Refusal, type Side, sidesOf } from '../call.ts';
import { type Address, isMdns, reachesOut } from '../candidate.ts';
import { Called, called, evidence, type Finding, found, ofTheEnd, type Rule, seconds } from '../finding.ts';
import { LATE_MS } from './answer.ts';
import { maybeOf, refusedStep } from './refused.ts';

/** Whoever withdraws this soon has not waited for candidates. */
const SOON_MS = 5_000;

type Answered = Call & { readonly answer: NonNullable<Call['answer']> };

/** Only what a rule says of a call that has been answered. */
const answered =
  (rule: (call: Answered) => Finding | null): Rule =>
  (call) =>
    call.answer ? rule({ ...call, answer: call.answer }) : null;

/** What a rule says of the offerer, or else of the answerer. */
const ofEither = (rule: (side: Side, other: Side, call: Answered) => Finding | null): Rule =>
  answered((call) => rule(call.offerer, call.answer.side, call) ?? rule(call.answer.side, call.offerer, call));

/** How far the best of the addresses reaches; `unknown` where some cannot be read. */
export const reachOf = (side: Side): 'none' | 'unknown' | 'mdns' | 'host' | 'public' | 'relay' =>
  side.candidates === null || side.candidates > side.addresses.length ? 'unknown' : best(side.addresses);

const best = (addresses: readonly Address[]) => {
  if (addresses.length === 0) return 'none';
  if (addresses.some(({ type }) => type === 'relay')) return 'relay';
  if (addresses.some(reachesOut)) return 'public';
  return addresses.every(isMdns) ? 'mdns' : 'host';
};

const isShort = (side: Side): boolean => ['none', 'mdns', 'host'].includes(reachOf(side));

const sentBy = (side: Side) => {
  const last = side.sent.at(-1);
  return last
    ? [evidence(last.fact, `${called(side)} sent candidates, ${side.sent.length} in all`)]
    : [evidence(side.sdpFact, `the SDP of ${called(side)}`)];
};

const endedWith = (call: Call) => ofTheEnd(call);

const refusedWith = (side: Side, call: Call, codes: readonly string[]): Refusal | undefined =>
  maybeOf(side, call.refusals).find(({ operation, code }) => operation === 'candidates' && codes.includes(code));

const quota = ofEither((side, _other, call) => {
  const refusal = refusedWith(side, call, ['TOO_MANY_ICE_CANDIDATES']);
  if (!refusal || (refusal.identity === null && side.sent.length === 0)) return null;
  const text = `${Called(side)} sent more candidates than a session may have: what came after the first ${side.sent.length} was refused.`;
  return found('candidate_quota', text, [...sentBy(side), evidence(refusal.fact, 'candidates were refused')], {
    certain: failureReport(call) !== null,
  });
});

const sendingRefused = ofEither((side, _other, call) =>
  isShort(side) ? refusedStep(call, 'candidates', side, side.sent.at(-1)?.at ?? 0) : null,
);

const afterEnd = ofEither((side, _other, call) => {
  const refusal = refusedWith(side, call, ['SESSION_ENDED', 'OFFER_NOT_FOUND']);
  if (!refusal || !call.end || refusal.lastAt < call.end.at || !isShort(side)) return null;
  const text = `${Called(side)} sent candidates ${seconds(refusal.firstAt - call.end.at)} after the session had ended.`;
  return found('candidates_after_end', text, [...endedWith(call), evidence(refusal.fact, 'candidates were refused')]);
});

/** Withdrawn before the two had what they needed. */
const withdrawnSoon = answered((call) => {
  const { end, answer } = call;
  if (!end || end.how === 'expired' || failureReport(call)) return null;
  const after = end.at - answer.data.answeredAt;
  const lacks = sidesOf(call).some((side) => side.candidates === 0 || missedBy(side, call) > 0);
  if (after >= SOON_MS || !lacks) return null;
  return found(
    'withdrawn_after_answer',
    `The offerer gave the session up ${seconds(after)} after the answer, before both had the other’s candidates.`,
    [evidence(answer.fact, 'the offer was answered'), ...endedWith(call)],
    { certain: false, alternatives: ['signaling_complete'] },
  );
});

/** How many of the other's candidates the side has not been given. */
const missedBy = (side: Side, call: Call): number => {
  const other = otherSide(call, side);
  return other
    ? other.sent.slice(side.gotCandidates?.upTo ?? 0).filter(({ candidate }) => candidate.kind !== 'end').length
    : 0;
};

const missing = answered((call) => {
  const [offerer, answerer] = [call.offerer, call.answer.side];
  const proof = [...sentBy(offerer), ...sentBy(answerer), ...endedWith(call)];
  if (offerer.candidates === 0 && answerer.candidates === 0) {
    return found('no_candidates', 'Neither side sent candidates.', proof, { isMissing: true });
  }
  const one = (cause: 'only_offerer_sent_candidates' | 'only_answerer_sent_candidates', from: Side, silent: Side) =>
    found(cause, `Only ${called(from)} sent candidates; ${called(silent)} sent none.`, proof, { isMissing: true });
  if (answerer.candidates === 0 && offerer.candidates !== null) {
    return one('only_offerer_sent_candidates', offerer, answerer);
  }
  if (offerer.candidates === 0 && answerer.candidates !== null) {
    return one('only_answerer_sent_candidates', answerer, offerer);
  }
  return null;
});

const wrongGeneration = ofEither((side) => {
  const own = side.description?.ufrags ?? [];
  const trickled = side.sent.flatMap(({ candidate }) => (candidate.kind === 'address' ? [candidate] : []));
  const named = trickled.flatMap(({ ufrag }) => ufrag ?? []);
  const isOther = own.length > 0 && named.length > 0 && named.length === trickled.length;
  if (!isOther || named.some((ufrag) => own.includes(ufrag))) return null;
  const text = `${Called(side)} sent candidates with the user fragment ${named[0]}, but its SDP has ${own.join(', ')}: they belong to another connection.`;
  return found('wrong_generation', text, [evidence(side.sdpFact, `its SDP has ${own.join(', ')}`), ...sentBy(side)]);
});

/** What a side was not given, unless the other's SDP holds addresses too. */
const fetching = ofEither((side, other, call) => {
  const addressesInSdp = (other.description?.candidates ?? []).some(({ kind }) => kind === 'address');
  const realOnes = other.sent.filter(({ candidate }) => candidate.kind !== 'end');
  if (addressesInSdp || realOnes.length === 0) return null;
  const got = side.gotCandidates;
  const proof = [...sentBy(other), ...(got ? [evidence(got.fact, `${called(side)} was given some`)] : [])];
  const failed = failureReport(call) !== null;

  if (!got) {
    const refusal = refusedStep(call, 'read', side);
    if (refusal) return refusal;
    const sentAt = Math.max(other.sent.at(-1)?.at ?? 0, call.answer.data.answeredAt);
    const restart = call.restarts.find(({ fact }) => fact.at >= sentAt);
    if (restart) {
      const text = `A process of the server started when candidates waited for ${called(side)}, which did not fetch them after that.`;
      return found('server_restarted', text, [...proof, evidence(restart.fact, 'a process started')], {
        ...{ certain: false, isMissing: true, alternatives: ['candidates_not_fetched'] },
      });
    }
    const text = `${Called(side)} never fetched the ${realOnes.length} candidates of ${called(other)}.`;
    return found('candidates_not_fetched', text, [...proof, ...endedWith(call)], { isMissing: true });
  }

  const available = Math.max(realOnes[0]?.at ?? 0, call.answer.data.answeredAt);
  const waited = got.firstAt - available;
  const afterEnd = call.end !== null && got.firstAt >= call.end.at;
  if (waited >= LATE_MS || afterEnd) {
    const text = `${Called(side)} fetched the first candidate of ${called(other)} ${seconds(waited)} after it could have.`;
    return found('candidates_fetched_too_late', text, proof, { certain: afterEnd || failed, isUnseen: true });
  }
  const missed = missedBy(side, call);
  if (missed === 0) return null;
  const given = other.sent
    .slice(0, got.upTo)
    .flatMap(({ candidate }) => (candidate.kind === 'address' ? [candidate] : []));
  const unseen = other.sent
    .slice(got.upTo)
    .flatMap(({ candidate }) => (candidate.kind === 'address' ? [candidate] : []));
  const lacksTheBest = unseen.some(reachesOut) && !given.some(reachesOut);
  if (!lacksTheBest && !failed) return null;
  const text = `${Called(side)} fetched ${got.upTo} candidates of ${called(other)} and missed ${missed}${lacksTheBest ? ', among them every address that can be reached from outside' : ''}.`;
  return found('candidates_partly_fetched', text, proof, {
    ...{ certain: failed && lacksTheBest, isMissing: true },
    alternatives: ['no_relay_candidates'],
  });
});

/** A network of its own can be left by a relay of the other side, and by no other address for sure. */
const onlyLocal = answered((call) => {
  const sides = sidesOf(call);
  const reach = sides.map(reachOf);
  if (reach.includes('unknown') || reach.includes('relay') || reach.includes('none')) return null;
  const failed = failureReport(call) !== null;
  const local = sides.filter(isShort);
  const [first] = local;
  // Two on one network connect by their own addresses; so does a side behind a mild NAT with one that can be reached.
  if (!first || (local.length < sides.length && !failed)) return null;
  const cause = local.some((side) => reachOf(side) === 'mdns') ? 'only_mdns_candidates' : 'only_host_candidates';
  const what = cause === 'only_mdns_candidates' ? '.local names' : 'addresses of its own network';
  const who = local.length === 2 ? 'Both sides' : Called(first);
  return found(cause, `${who} offered nothing but ${what}.`, local.flatMap(sentBy), {
    ...{ outcome: failed ? 'failed' : 'unknown', certain: failed },
    alternatives: failed ? [] : ['signaling_complete'],
  });
});

export const onCandidates: readonly Rule[] = [
  quota,
  sendingRefused,
  afterEnd,
  withdrawnSoon,
  missing,
  wrongGeneration,
  fetching,
  onlyLocal,
];
