/** Calls as the audit API tells them, written by hand from its shapes: for what the console makes of them. */
import type { Entry, Payload, Timeline } from '../../src/console/web/shapes.ts';

const started = Date.parse('2026-11-20T10:04:05.123Z');
export const sessionId = '0199a1b2-0000-7000-8000-000000000001';
export const alice = 'quick-otter-41';
export const bob = 'brave-heron-07';
export const carol = 'calm-lynx-88';

/** An event of the session, `after` milliseconds from its offer. */
export const entryOf = (position: number, after: number, type: string, actor: string, payload: Payload): Entry => ({
  ...{ position, type, actor, payload, stream: `session-${sessionId}`, revision: position - 40, schemaVersion: 1 },
  ...{ eventId: `0199a1b2-0000-7000-8000-0000000000${position}`, at: started + after, readable: true },
  ...{ correlationId: 'r-1', causationId: 'r-1', traceId: 'a'.repeat(32), keyId: 'mi1x2c.k1', size: 512 },
  authorisation: { scheme: 'token', key: actor, algorithm: null, nonce: null, timestamp: null },
  ...{ hash: 'c'.repeat(64), previousHash: position === 40 ? null : 'b'.repeat(64) },
});

export const candidate = (type: string, address = '192.0.2.7') => ({
  candidate: `candidate:1 1 UDP 2122252543 ${address} 50000 typ ${type}`,
});

const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\na=setup:actpass\r\n';
const offer = entryOf(40, 0, 'OfferPublished', alice, {
  ...{ publisher: alice, tags: ['chat'], service: null, sdp, publishedAt: started, expiresAt: started + 300_000 },
});
const answer = entryOf(43, 1_850, 'OfferAnswered', bob, {
  ...{ answerer: bob, sdp, matchedTags: ['chat'], answeredAt: started + 1_850, expiresAt: started + 301_850 },
});
const sent = (position: number, after: number, role: 'offerer' | 'answerer', candidates: readonly unknown[]) =>
  entryOf(position, after, 'CandidatesAdded', role === 'offerer' ? alice : bob, {
    ...{ role, identity: role === 'offerer' ? alice : bob, candidates, firstIndex: 0, batchId: `b${position}` },
    addedAt: started + after,
  });
const observed = (position: number, after: number, type: string, actor: string, payload: Payload): Entry => ({
  ...entryOf(position, after, type, actor, payload),
  ...{ stream: `observation-${sessionId}`, revision: position - 44 },
});

const timelineOf = (over: Partial<Timeline>): Timeline => ({
  ...{ sessionId, state: 'ended', offerer: alice, answerer: bob, redacted: false, entries: [], refusals: [] },
  verdict: {
    ...{ outcome: 'unknown', cause: 'no_cause_in_signaling', certain: false, sentence: 'Nothing is wrong.' },
    ...{ evidence: [], advice: [], alternatives: [], contradiction: null },
  },
  ...over,
});

const refusal = {
  ...{ code: 'ALREADY_ANSWERED', operation: 'answer', identity: carol, count: 2 },
  ...{ firstAt: started + 2_100, lastAt: started + 2_400, detail: null },
};

/** The answerer sent no candidates; a third came too late; the answer was fetched, and a report says that it failed. */
export const oneSided: Timeline = timelineOf({
  entries: [
    offer,
    sent(41, 140, 'offerer', [candidate('host'), candidate('host', 'a1b2.local'), candidate('srflx'), null]),
    answer,
    observed(44, 2_900, 'OfferDiscovered', 'system:observer', { firstShownAt: started + 1_200, times: 3 }),
    observed(45, 2_900, 'DeliveriesRecorded', 'system:observer', {
      deliveries: [
        { to: alice, role: 'offerer', what: 'answer', upTo: 1, firstAt: started + 2_010, lastAt: started + 2_010 },
        { to: bob, role: 'answerer', what: 'candidates', upTo: 3, firstAt: started + 1_900, lastAt: started + 2_500 },
      ],
      recordedAt: started + 2_900,
    }),
    observed(46, 2_900, 'RefusalsCounted', 'system:observer', {
      refusals: [refusal],
      recordedAt: started + 2_900,
    }),
    observed(47, 17_300, 'ConnectionReported', alice, {
      ...{ by: alice, role: 'offerer', outcome: 'failed', localCandidateType: null, remoteCandidateType: null },
      ...{ roundTripTimeMs: null, iceConnectionState: 'failed', iceGatheringState: 'complete', connectionState: null },
      reportedAt: started + 17_300,
    }),
    entryOf(48, 302_000, 'SessionExpired', 'system:scheduler', {
      ...{ dueAt: started + 301_850, was: 'answered', expiredAt: started + 302_000 },
    }),
  ],
  refusals: [refusal],
  verdict: {
    ...{ outcome: 'failed', cause: 'only_offerer_sent_candidates', certain: true },
    sentence: 'Only the offerer sent ICE candidates; the answerer sent none, so the two had no address to try.',
    evidence: [
      { position: 41, eventId: offer.eventId.replace(/40$/, '41'), says: 'The offerer sent 3 candidates.' },
      { position: 43, eventId: answer.eventId, says: 'The answer holds no candidates, and none came after it.' },
    ],
    advice: ['Look at how the answering client sends candidates: are they kept until the answer, and sent then?'],
    ...{ alternatives: [], contradiction: null },
  },
});

const gone = (entry: Entry): Entry => ({ ...entry, payload: null, readable: false });

/** The same after its key was destroyed: who and when is all there is. */
export const redacted: Timeline = timelineOf({
  ...{ redacted: true, offerer: null, answerer: null },
  entries: [
    ...[offer, sent(41, 140, 'offerer', []), answer, sent(44, 1_900, 'answerer', [])].map(gone),
    entryOf(49, 90_000_000, 'SessionRedacted', 'system:retention', {
      ...{ reason: 'retention', policy: 'P1D', redactedAt: started + 90_000_000 },
    }),
  ],
});
