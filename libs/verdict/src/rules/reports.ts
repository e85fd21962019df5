import { type Call, lastReports, type Report, sidesOf } from '../call.ts';
import { called, evidence, found, type Rule } from '../finding.ts';

/** Deliveries are recorded about a second after they happened. */
const RECORDED_WITHIN_MS = 5_000;

const says = (report: Report) => {
  const { role, by, outcome, iceConnectionState } = report.data;
  return evidence(report.fact, `${called({ role, identity: by })} reported ${outcome}, with ICE ${iceConnectionState}`);
};

const connectedReports = (call: Call) => lastReports(call).filter(({ data }) => data.outcome === 'connected');

export const lostAfterConnecting: Rule = (call) => {
  for (const { reports } of sidesOf(call)) {
    const first = reports.find(({ data }) => data.outcome === 'connected');
    const last = reports.at(-1);
    if (!first || last?.data.outcome !== 'failed') continue;
    return found(
      'lost_after_connecting',
      `The call connected, and broke after it: ${called({ role: last.data.role, identity: last.data.by })} reported both.`,
      [says(first), says(last)],
    );
  }
  return null;
};

export const reportsContradict: Rule = (call) => {
  const last = lastReports(call);
  const outcomes = new Set(last.map(({ data }) => data.outcome));
  if (outcomes.size < 2) return null;
  const text = last.map(({ data }) => `the ${data.role} says ${data.outcome}`).join(', ');
  return found('reports_contradict', `The parties do not agree on how it ended: ${text}.`, last.map(says), {
    ...{ outcome: 'unknown', certain: false, contradiction: text },
    alternatives: ['lost_after_connecting', 'connected'],
  });
};

export const connectedUnseen: Rule = (call) => {
  const reports = connectedReports(call);
  const first = reports[0];
  if (!first || call.offerer.gotAnswer || call.now - first.fact.at < RECORDED_WITHIN_MS) return null;
  const text = call.answer
    ? 'a party says connected, and by our record the answer never reached the offerer'
    : 'a party says connected, and by our record there never was an answer';
  return found(
    'connected_unseen',
    `The call is reported to have connected, though ${text.slice(27)}.`,
    reports.map(says),
    {
      ...{ outcome: 'connected', certain: false, contradiction: text, alternatives: ['connected'] },
    },
  );
};

export const connected: Rule = (call) => {
  const reports = connectedReports(call);
  const first = reports[0];
  if (!first) return null;
  const { localCandidateType, remoteCandidateType, roundTripTimeMs } = first.data;
  const way =
    localCandidateType && remoteCandidateType ? ` over ${localCandidateType} and ${remoteCandidateType} addresses` : '';
  const time = roundTripTimeMs === null ? '' : `, with a round trip of ${Math.round(roundTripTimeMs)} ms`;
  return found('connected', `The call connected${way}${time}.`, reports.map(says), { outcome: 'connected' });
};
