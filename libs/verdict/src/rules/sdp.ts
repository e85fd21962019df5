import { type Call, failureReport, type Side } from '../call.ts';
import { Called, evidence, type Finding, found, type Rule } from '../finding.ts';

/** What a side's SDP lacks, whatever the other side sent. Null where it lacks nothing, or can't be read. */
export const sdpOfOneSide = (side: Side): Finding | null => {
  const { description, sdpFact } = side;
  if (!description) return null;
  const who = `${Called(side)} sent an SDP`;
  if (!description.hasFingerprint) {
    const says = 'its SDP has no a=fingerprint';
    return found('sdp_no_fingerprint', `${who} without a fingerprint, so DTLS cannot begin.`, [
      evidence(sdpFact, says),
    ]);
  }
  if (!description.hasIceCredentials) {
    const says = 'its SDP lacks a=ice-ufrag or a=ice-pwd';
    return found('sdp_no_ice_credentials', `${who} without ICE credentials, so ICE cannot begin.`, [
      evidence(sdpFact, says),
    ]);
  }
  return null;
};

const both = (call: Call, says: string) => [
  evidence(call.offerer.sdpFact, `the offer: ${says}`),
  ...(call.answer ? [evidence(call.answer.fact, `the answer: ${says}`)] : []),
];

export const sdpOfEither: Rule = (call) =>
  sdpOfOneSide(call.offerer) ?? (call.answer ? sdpOfOneSide(call.answer.side) : null);

/** RFC 8842, 5.3: `active` with `passive`, or `actpass` with either. */
export const rolesClash: Rule = (call) => {
  const offered = call.offerer.description?.setup;
  const answered = call.answer?.side.description?.setup;
  if (!offered || !answered) return null;
  const fits = (offered === 'actpass' && answered !== 'actpass') || (offered !== 'actpass' && offered !== answered);
  if (fits && answered !== 'actpass') return null;
  return found(
    'sdp_roles_clash',
    `The offer says a=setup:${offered} and the answer a=setup:${answered}: they do not go together, so DTLS never begins.`,
    both(call, 'its a=setup'),
  );
};

export const mediaMismatch: Rule = (call) => {
  const offered = call.offerer.description?.media;
  const answered = call.answer?.side.description?.media;
  if (!offered || !answered) return null;
  const kinds = (media: typeof offered) => media.map(({ kind }) => kind).join(', ');
  const say = (text: string) => found('sdp_media_mismatch', text, both(call, 'its media sections'));
  if (kinds(offered) !== kinds(answered)) {
    return say(`The offer has the sections ${kinds(offered)}, the answer ${kinds(answered)}.`);
  }
  if (answered.every(({ isRejected }) => isRejected)) return say('The answer rejects every section of the offer.');
  return null;
};

/** ICE found a way, so that neither candidates nor delivery were the matter. */
export const dtlsFailed: Rule = (call) => {
  const report = failureReport(call);
  if (!report || !['connected', 'completed'].includes(report.data.iceConnectionState ?? '')) return null;
  const { role, iceConnectionState, connectionState } = report.data;
  return found(
    'dtls_failed',
    `ICE was ${iceConnectionState}, but the ${role} reported that the connection ${connectionState ?? 'failed'} after it: DTLS did not complete.`,
    [evidence(report.fact, `reported failed with ICE ${iceConnectionState} and connection ${connectionState}`)],
  );
};
