import { type Call, failureReport, type Side, sidesOf } from '../call.ts';
import { Called, called, evidence, found, nameOf, type Rule } from '../finding.ts';
import { reachOf } from './candidates.ts';

/** What is left when signaling was complete and in order. */

const reported = (call: Call) => {
  const report = failureReport(call);
  return report ? [evidence(report.fact, `reported failed with ICE ${report.data.iceConnectionState}`)] : [];
};

/** Two public addresses of one base, with different ports: the NAT gives each destination another, so none can be told. */
const isSymmetric = ({ addresses }: Side): boolean => {
  const mapped = addresses.filter(({ type, base }) => type === 'srflx' && base !== null);
  return mapped.some((one) => mapped.some((two) => one.base === two.base && one.port !== two.port));
};

const stillChecking: Rule = (call) => {
  const report = failureReport(call);
  if (!report) return null;
  const { iceConnectionState, iceGatheringState } = report.data;
  const state = iceConnectionState ?? 'unknown';
  const silent = sidesOf(call).find(({ saidEnd, candidates }) => candidates !== null && !saidEnd);
  const gaveUpEarly = ['checking', 'new'].includes(state) || iceGatheringState === 'gathering';
  if (!silent || !gaveUpEarly) return null;
  return found(
    'no_end_of_candidates',
    `ICE was still ${state} when the call was given up; ${called(silent)} never said that its candidates were complete.`,
    [...reported(call), evidence(silent.sdpFact, 'no end of candidates came after this')],
    { certain: false, alternatives: ['no_relay_candidates', 'ice_failed'] },
  );
};

const noRelay: Rule = (call) => {
  const sides = sidesOf(call);
  if (!failureReport(call) || sides.some((side) => reachOf(side) !== 'public')) return null;
  const symmetric = sides.filter(isSymmetric);
  const hint = symmetric.map((side) => ` ${Called(side)} is behind a NAT that needs one.`).join('');
  return found(
    'no_relay_candidates',
    `Both sides offered public addresses, ICE failed, and neither side offered a relay.${hint}`,
    [...sides.map((side) => evidence(side.sdpFact, `${called(side)} offered no relay`)), ...reported(call)],
    { isUnseen: true },
  );
};

const iceFailed: Rule = (call) => {
  const report = failureReport(call);
  if (!report || !call.answer) return null;
  const reach = sidesOf(call).map(reachOf);
  if (reach.includes('unknown')) {
    return found('unsure', 'A party reported that it failed, and what it sent cannot be read.', reported(call), {
      ...{ certain: false, alternatives: ['no_relay_candidates', 'only_host_candidates', 'ice_failed', 'dtls_failed'] },
    });
  }
  const relay = reach.every((one) => one === 'relay') ? 'both sides offered a relay' : 'a side offered a relay';
  const isTold = ['failed', 'disconnected', 'closed'].includes(report.data.iceConnectionState ?? '');
  return found('ice_failed', `ICE failed although signaling was complete and ${relay}.`, reported(call), {
    ...{ certain: isTold, isUnseen: true },
    alternatives: isTold ? [] : ['dtls_failed'],
  });
};

const byAnother: Rule = (call) => {
  const { answer } = call;
  const loser = call.refusals.find(
    ({ code, operation, identity }) =>
      code === 'OFFER_ALREADY_ANSWERED' && operation === 'answer' && identity !== answer?.side.identity,
  );
  if (!answer || !loser) return null;
  const who = loser.identity === null ? 'Somebody' : nameOf(loser.identity);
  return found(
    'answered_by_another',
    `${who} answered after ${nameOf(answer.side.identity)} had: that answer was refused. What the winner needed was exchanged.`,
    [evidence(answer.fact, 'this answer won'), evidence(loser.fact, 'a later answer was refused')],
    { outcome: 'unknown' },
  );
};

const complete: Rule = (call) => {
  const { answer } = call;
  if (!answer) return null;
  const proof = [evidence(call.offer.fact, 'the offer'), evidence(answer.fact, 'the answer')];
  if (sidesOf(call).some(({ candidates }) => candidates === null)) {
    return found(
      'unsure',
      'Offer and answer were exchanged, and cannot be read: whether they hold candidates cannot be told.',
      proof,
      {
        ...{ outcome: 'unknown', certain: false, alternatives: ['signaling_complete', 'no_candidates'] },
      },
    );
  }
  const relayed = sidesOf(call).some((side) => reachOf(side) === 'relay');
  return found('signaling_complete', 'Both sides were given what they needed. Nobody reported how it ended.', proof, {
    ...{ outcome: 'unknown', certain: false },
    alternatives: relayed ? ['connected', 'ice_failed'] : ['connected', 'no_relay_candidates'],
  });
};

export const afterSignaling: readonly Rule[] = [stillChecking, noRelay, iceFailed, byAnother, complete];
