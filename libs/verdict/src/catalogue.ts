/**
 * Every cause that a verdict can name. Codes are stable, texts are not. `means` is for a person on call, `advice` what
 * to try. docs/causes.md is made from here.
 */
type Entry = { readonly means: string; readonly advice: readonly string[] };

export const causes = {
  connected: {
    means: 'A party reported that the call connected, and nothing speaks against it.',
    advice: [],
  },
  connected_unseen: {
    means: 'A party reported that the call connected, but by our record the answer never reached the offerer.',
    advice: [
      'Look for another way that the answer may have taken, such as a second signaling channel.',
      'Check whether a process died at that time: the record of deliveries of its last second dies with it.',
    ],
  },
  reports_contradict: {
    means: 'One party reported that the call connected, the other that it failed.',
    advice: [
      'Compare the times of the two reports: the connection may have broken between them.',
      'Check how each client decides that a call has connected.',
    ],
  },
  lost_after_connecting: {
    means: 'A party reported that the call connected, and later that it failed: it broke, it did not fail to connect.',
    advice: ['Look at the network of that party at that time.', 'Let clients restart ICE when the connection breaks.'],
  },
  nothing_recorded: {
    means: 'There is no event of such a session.',
    advice: ['Check the session id.', 'It may belong to another server or namespace.'],
  },
  redacted: {
    means: 'The session is past its retention or was erased: nothing of it can be read any more.',
    advice: ['Nothing can be found out of it. The hashes of its events still prove that it took place.'],
  },
  waiting: {
    means: 'The session lives and something has yet to come. `alternatives` names what is the matter if it never does.',
    advice: ['Ask again when the session has ended.'],
  },
  never_discovered: {
    means: 'Nobody was ever shown the offer, and it expired.',
    advice: [
      'Check that both sides use the same tags, or the same service and a version range that fits.',
      'Let the offer live longer, or let the other side ask more often.',
    ],
  },
  discovered_not_answered: {
    means: 'The offer was shown to somebody, but nobody answered before it expired.',
    advice: [
      'Look at the answering client: it saw the offer and sent nothing.',
      'Give the offer a longer time to live if a person has to accept the call.',
    ],
  },
  answer_never_sent: {
    means: 'Somebody sent candidates for the offer, as one who answers does, but never the answer itself.',
    advice: ['Look for an error in the answering client between gathering candidates and sending the answer.'],
  },
  answered_too_late: {
    means: 'An answer came after the offer had ended, and was refused.',
    advice: ['Give the offer a longer time to live.', 'Let the answering client answer as soon as it has the offer.'],
  },
  withdrawn_before_answer: {
    means: 'The offerer withdrew the offer before anybody answered.',
    advice: ['Ask why the offering client gave up: a closed page, a timeout of its own, or a person who hung up.'],
  },
  replaced: {
    means: 'The offerer published anew, which replaced this offer before anybody answered.',
    advice: ['Look at the session that replaced it.', 'Do not publish again more often than the other side asks.'],
  },
  withdrawn_after_answer: {
    means: 'The offerer withdrew the session after the answer, before the two had exchanged what they needed.',
    advice: ['Withdraw only when the connection stands, or the call is given up.'],
  },
  answered_by_another: {
    means: 'Somebody answered later than the winner. The winner’s call is in order as far as signaling can tell.',
    advice: ['The loser should discover another offer.', 'Publish more offers if several are to connect.'],
  },
  answer_not_accepted: {
    means: 'An answer was sent, but the server refused it for its content, and no other came.',
    advice: ['Look at the code of the refusal: the answer was empty, too large, or not well formed.'],
  },
  answer_not_fetched: {
    means: 'The offer was answered, but the offerer never fetched the answer.',
    advice: [
      'Check that the offering client keeps polling its feed, with the cursor that it was given last.',
      'A page in the background, or a phone that sleeps, stops polling.',
    ],
  },
  answer_fetched_too_late: {
    means: 'The offerer fetched the answer when the session had ended or was about to, or very long after it was sent.',
    advice: ['Poll more often, or with `Prefer: wait=25`.', 'Give sessions more time after the answer.'],
  },
  answered_just_before_end: {
    means: 'The answer came in the last moments of the session, and the offerer had no time left to fetch it.',
    advice: [
      'Give the offer a longer time to live.',
      'Poll with `Prefer: wait=25`, so that an answer is seen at once.',
    ],
  },
  no_candidates: {
    means: 'Neither side sent ICE candidates, neither by trickling nor within its SDP.',
    advice: [
      'Send what `onicecandidate` gives, or wait until gathering is complete before sending the SDP.',
      'Check that the clients may gather at all: permissions, policies, `iceTransportPolicy: relay` without a relay.',
    ],
  },
  only_offerer_sent_candidates: {
    means: 'Only the offerer sent ICE candidates; the answerer sent none.',
    advice: ['Look at how the answering client sends candidates: are they kept until the answer, and sent then?'],
  },
  only_answerer_sent_candidates: {
    means: 'Only the answerer sent ICE candidates; the offerer sent none.',
    advice: ['Look at how the offering client sends candidates: does it drop those found before there is an answer?'],
  },
  only_mdns_candidates: {
    means: 'A side offered no address but `.local` names, which mean something on its own network only.',
    advice: [
      'Configure a STUN server, and check that UDP to it is not blocked.',
      'Configure a TURN server for networks without UDP.',
    ],
  },
  only_host_candidates: {
    means: 'A side offered no address but those of its own network: STUN and TURN gave none.',
    advice: [
      'Configure a STUN server, and check that UDP to it is not blocked.',
      'Configure a TURN server for networks without UDP.',
    ],
  },
  no_relay_candidates: {
    means:
      'Both sides offered public addresses and none from a relay, and ICE failed: a NAT or firewall is in the way.',
    advice: ['Configure a TURN server for both sides, with TLS over TCP 443 for strict firewalls.'],
  },
  candidates_not_fetched: {
    means: 'Candidates were sent, but the other side never fetched them.',
    advice: ['Check that the client goes on polling after it has sent or seen the answer.'],
  },
  candidates_partly_fetched: {
    means: 'The other side fetched the first candidates and missed the rest.',
    advice: [
      'Check that the client goes on polling until it is connected.',
      'Keep the cursor (or the largest time) of each answer: whoever counts by an own clock misses some.',
    ],
  },
  candidates_fetched_too_late: {
    means: 'The other side fetched the candidates only when ICE had probably given up, or the session had ended.',
    advice: ['Poll every second or two while connecting, or with `Prefer: wait=25`.'],
  },
  candidates_after_end: {
    means: 'Candidates came after the session had ended, and were refused.',
    advice: ['Give sessions more time after the answer.', 'Withdraw only when the connection stands.'],
  },
  no_end_of_candidates: {
    means:
      'ICE was still checking when the call was given up, and a side never said that its candidates were complete.',
    advice: ['Send the end of candidates (an empty candidate, or null) too.', 'Give ICE more time before giving up.'],
  },
  wrong_generation: {
    means: 'A side’s candidates bear another ICE user fragment than its SDP: they belong to another offer or answer.',
    advice: [
      'Look for two peer connections or an ICE restart in that client: it sent the candidates of one for the other.',
      'Send candidates to the session whose SDP was made by the same peer connection.',
    ],
  },
  candidate_quota: {
    means: 'A side sent more candidates than a session may have, and the rest was refused.',
    advice: [
      'Send each candidate once; do not gather on every interface, or send relay and public addresses first.',
      'Raise SIGNALBOX_MAX_CANDIDATES_PER_ROLE if clients really have that many.',
    ],
  },
  rate_limited: {
    means: 'What was needed next was refused because its sender made too many requests, and was not sent again.',
    advice: ['Let the client wait as long as `Retry-After` says, and try again.', 'Poll less often, or by long-poll.'],
  },
  signature_refused: {
    means: 'What was needed next was refused because its sender could not prove who it was.',
    advice: ['Check the key, the nonce and what the client signs.', 'A token may have expired: ask for a new one.'],
  },
  clock_skew: {
    means: 'What was needed next was refused because the time in its signature was too far from the server’s.',
    advice: ['Set the clock of that device.', 'Let the client take the offset from the `Date` header of an answer.'],
  },
  server_unavailable: {
    means: 'What was needed next was refused because the server could not serve it, and was not sent again.',
    advice: ['Look at the server’s health at that time.', 'Let the client try again after `Retry-After`.'],
  },
  server_restarted: {
    means: 'A process of the server started while something was on its way, and nothing was heard of it afterwards.',
    advice: [
      'Check that clients reconnect and go on polling when the server comes back.',
      'Compare with other calls of that minute: they would have failed too.',
    ],
  },
  sdp_no_fingerprint: {
    means: 'An SDP has no `a=fingerprint`: DTLS cannot begin, and browsers refuse such an SDP.',
    advice: ['Look for what rewrites the SDP on its way. Signalbox hands it on as it came.'],
  },
  sdp_no_ice_credentials: {
    means: 'An SDP has no `a=ice-ufrag` or no `a=ice-pwd`: ICE cannot begin.',
    advice: ['Look for what rewrites the SDP on its way. Signalbox hands it on as it came.'],
  },
  sdp_roles_clash: {
    means: 'The `a=setup` of offer and answer do not go together: both begin DTLS, or neither does.',
    advice: ['Offer with `actpass` and answer with `active`.', 'Check that the answer was not made as an offer.'],
  },
  sdp_media_mismatch: {
    means: 'The answer’s media sections are not those of the offer: another number, order or kind, or all rejected.',
    advice: [
      'Check that the answer was made from this very offer, and not from one that was published before.',
      'Check that both sides want the same: a data channel is a section of its own.',
    ],
  },
  ice_failed: {
    means: 'A party reported that ICE failed, although candidates of every kind were exchanged in time.',
    advice: [
      'Check the TURN server: its credentials, its reachability from both networks, and its relayed ports.',
      'Try with `iceTransportPolicy: relay` to see whether the relay works at all.',
    ],
  },
  dtls_failed: {
    means: 'ICE found a way, but the connection failed after it: DTLS did not complete.',
    advice: [
      'Compare the fingerprints of the SDPs with the certificates that the clients used.',
      'Look for SDPs that were mixed up between two peer connections.',
    ],
  },
  signaling_complete: {
    means: 'Signaling was complete and in order. Nobody reported how it ended.',
    advice: ['Let clients report how it ended: `POST /v1/sessions/{id}/report`.'],
  },
  unsure: {
    means: 'What is known fits several causes. `alternatives` names them.',
    advice: ['Let clients report how it ended: `POST /v1/sessions/{id}/report`.'],
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type Cause = keyof typeof causes;
