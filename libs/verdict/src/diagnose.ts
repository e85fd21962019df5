import { type Call, failureReport, readCall } from './call.ts';
import { type Cause, causes } from './catalogue.ts';
import type { Fact, Verdict } from './facts.ts';
import { evidence, type Finding, found, type Rule } from './finding.ts';
import { onAnswer } from './rules/answer.ts';
import { beforeAnswer } from './rules/before-answer.ts';
import { onCandidates } from './rules/candidates.ts';
import { afterSignaling } from './rules/failure.ts';
import { connected, connectedUnseen, lostAfterConnecting, reportsContradict } from './rules/reports.ts';
import { dtlsFailed, mediaMismatch, rolesClash, sdpOfEither } from './rules/sdp.ts';

/** What rules out the most comes first: the first rule that has something to say gives the verdict. */
const rules: readonly Rule[] = [
  ...[lostAfterConnecting, reportsContradict, connectedUnseen, connected],
  ...beforeAnswer,
  // What cannot work however it is delivered. Where ICE found a way, it was none of what comes after that.
  ...[sdpOfEither, rolesClash, dtlsFailed, mediaMismatch],
  ...onAnswer,
  ...onCandidates,
  ...afterSignaling,
];

/** What was noticed is recorded about a second later; within this time something may yet be on its way. */
const RECORDED_WITHIN_MS = 5_000;

/**
 * Why a call did not connect, or that it did, by what signaling knows of it. Pure: the same facts and the same `now`
 * (epoch milliseconds) give the same verdict. The facts are those of one session in position order: of its stream, of
 * its observations, the starts of processes meanwhile and in the minutes after it, and what says that observations were
 * dropped. It never throws, whatever the payloads hold.
 */
export const diagnose = (facts: readonly Fact[], now: number): Verdict => {
  const call = readCall(facts, now);
  const finding = call ? judge(call) : withoutCall(facts);
  const { isMissing: _, isUnseen: __, ...told } = finding;
  return { ...told, advice: causes[finding.cause].advice };
};

const withoutCall = (facts: readonly Fact[]): Finding => {
  const redaction = facts.find(({ event }) => event.type === 'SessionRedacted');
  if (redaction) {
    const sentence = 'What happened in this session can no longer be read: its key was destroyed.';
    return found('redacted', sentence, [evidence(redaction, 'the session was redacted')], { outcome: 'unknown' });
  }
  const unreadable = facts.find(({ event }) => event.data === null);
  if (unreadable) {
    const sentence = 'What happened in this session cannot be read: its key was destroyed, or is lost.';
    const because = [evidence(unreadable, 'what it carries cannot be read')];
    return found('redacted', sentence, because, { outcome: 'unknown', certain: false });
  }
  return found('nothing_recorded', 'There is no event of such a session.', [], { outcome: 'unknown' });
};

const judge = (call: Call): Finding => {
  for (const rule of rules) {
    const finding = rule(call);
    if (finding) return withGaps(call, withDoubt(call, finding));
  }
  throw new Error('The last rules have something to say of every call.');
};

/** What is missing may still come, or be there without being recorded yet. */
const withDoubt = (call: Call, finding: Finding): Finding => {
  const { cause, alternatives, isMissing } = finding;
  if (!isMissing) return finding;
  if (call.end === null && !failureReport(call)) {
    const sentence = `The session lives. ${finding.sentence}`;
    return { ...finding, cause: 'waiting', outcome: 'waiting', sentence, alternatives: [cause, ...alternatives] };
  }
  const mayBeUnrecorded = call.end !== null && call.now - call.end.at < RECORDED_WITHIN_MS;
  return mayBeUnrecorded ? { ...finding, certain: false } : finding;
};

/** What was not recorded may have happened where the record has gaps; the verdict says that it does. */
const withGaps = (call: Call, finding: Finding): Finding => {
  const { cause, alternatives, isUnseen } = finding;
  const [loss] = call.losses;
  if (!isUnseen || !loss) return finding;
  const others = [
    ...alternatives,
    ...(call.restarts.length > 0 ? ['server_restarted' as const] : []),
    ...unseenIn(call),
  ];
  return {
    ...finding,
    certain: false,
    sentence: `${finding.sentence} That is not certain: ${loss.why}.`,
    evidence: [...finding.evidence, evidence(loss.fact, loss.why)],
    alternatives: [...new Set(others)].filter((other) => other !== cause),
  };
};

/** What it may have been where something was shown, given or refused that is not in the record. */
const unseenIn = (call: Call): readonly Cause[] => {
  if (!call.answer) return ['discovered_not_answered', 'answered_too_late', 'signature_refused'];
  return failureReport(call) ? ['ice_failed', 'no_relay_candidates'] : ['signaling_complete'];
};
