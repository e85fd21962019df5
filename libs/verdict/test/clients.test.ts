import type { ObservationEvent, Opaque, SessionEvent } from '@signalbox/domain';
import { seededChance } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { diagnose, type Fact } from '../src/index.ts';
import { planted } from './planted.ts';

/** What real clients send, as it was seen on the wire. */

const T0 = 1_790_000_000_000;

const chrome = (ufrag: string, setup: string, more: readonly string[] = []) =>
  [
    ...['v=0', 'o=- 4611731400430051336 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0'],
    ...['a=extmap-allow-mixed', 'a=msid-semantic: WMS', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel'],
    ...[
      'c=IN IP4 0.0.0.0',
      ...more,
      `a=ice-ufrag:${ufrag}`,
      'a=ice-pwd:asd88fgpdd777uzjYhagZg4F',
      'a=ice-options:trickle',
    ],
    ...[
      `a=fingerprint:sha-256 ${Array(32).fill('D1').join(':')}`,
      `a=setup:${setup}`,
      'a=mid:0',
      'a=sctp-port:5000',
      '',
    ],
  ].join('\r\n');

type Happened = readonly [ms: number, event: SessionEvent | ObservationEvent];

const factsOf = (happened: readonly Happened[]): readonly Fact[] =>
  happened.map(([ms, event], index) => ({
    position: index * 3,
    eventId: `e${index}`,
    at: T0 + ms,
    actor: null,
    event,
  }));

const offer = (sdp: string): Happened => [
  0,
  {
    type: 'OfferPublished',
    data: { publisher: 'alice', tags: ['t'], service: null, sdp, publishedAt: T0, expiresAt: T0 + 60_000 },
  },
];
const answer = (sdp: string): Happened => [
  2_000,
  {
    type: 'OfferAnswered',
    data: { answerer: 'bob', sdp, matchedTags: null, answeredAt: T0 + 2_000, expiresAt: T0 + 62_000 },
  },
];
const candidates = (role: 'offerer' | 'answerer', ms: number, list: readonly Opaque[]): Happened => [
  ms,
  {
    type: 'CandidatesAdded',
    data: {
      role,
      identity: role === 'offerer' ? 'alice' : 'bob',
      candidates: list,
      firstIndex: 0,
      batchId: `${ms}`,
      addedAt: T0 + ms,
    },
  },
];
const given = (role: 'offerer' | 'answerer', what: 'answer' | 'candidates', upTo: number, ms: number): Happened => [
  ms + 900,
  {
    type: 'DeliveriesRecorded',
    data: {
      deliveries: [{ to: role, role, what, upTo, firstAt: T0 + ms, lastAt: T0 + ms }],
      recordedAt: T0 + ms + 900,
    },
  },
];
const expired: Happened = [
  62_000,
  { type: 'SessionExpired', data: { dueAt: T0 + 62_000, was: 'answered', expiredAt: T0 + 62_000 } },
];
const reportedFailed = (iceConnectionState: string): Happened => [
  30_000,
  {
    type: 'ConnectionReported',
    data: {
      ...{ by: 'bob', role: 'answerer', outcome: 'failed', localCandidateType: null, remoteCandidateType: null },
      ...{ roundTripTimeMs: null, iceConnectionState, iceGatheringState: 'complete', connectionState: 'failed' },
      reportedAt: T0 + 30_000,
    },
  },
];

const judge = (...happened: readonly Happened[]) => diagnose(factsOf(happened), T0 + 3_600_000);

const HOST = 'candidate:842163049 1 udp 1677729535 192.168.1.7 46154 typ host generation 0 ufrag 4ZcD network-cost 999';
const SRFLX = 'candidate:842163050 1 udp 1677729535 84.16.3.4 46154 typ srflx raddr 192.168.1.7 rport 46154';

describe('what real clients send', () => {
  it('is in order without trickling: simple-peer with trickle: false, and `a=candidate` in both SDPs', () => {
    const within = [`a=${HOST}`, `a=${SRFLX}`, 'a=end-of-candidates'];
    const verdict = judge(
      offer(JSON.stringify({ type: 'offer', sdp: chrome('4ZcD', 'actpass', within) })),
      answer(JSON.stringify({ type: 'answer', sdp: chrome('9uB6', 'active', within) })),
      given('offerer', 'answer', 1, 2_300),
      expired,
    );
    expect(verdict).toMatchObject({ cause: 'signaling_complete', outcome: 'unknown', certain: false });
  });

  it('is in order when simple-peer trickles: `{ type: "candidate", candidate: { … } }`', () => {
    const wrapped = (line: string) => ({
      type: 'candidate',
      candidate: { candidate: line, sdpMLineIndex: 0, sdpMid: '0' },
    });
    const verdict = judge(
      offer(chrome('4ZcD', 'actpass')),
      candidates('offerer', 40, [wrapped(HOST), wrapped(SRFLX)]),
      answer(chrome('9uB6', 'active')),
      candidates('answerer', 2_050, [wrapped(SRFLX)]),
      given('offerer', 'answer', 1, 2_300),
      given('answerer', 'candidates', 2, 2_300),
      given('offerer', 'candidates', 1, 2_400),
      expired,
    );
    expect(verdict.cause).toBe('signaling_complete');
  });

  it('tells a Firefox whose candidates belong to the peer connection before', () => {
    const old = { candidate: SRFLX, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'c0ffee00' };
    const verdict = judge(
      offer(chrome('4ZcD', 'actpass')),
      candidates('offerer', 40, [old]),
      answer(chrome('9uB6', 'active', [`a=${SRFLX}`])),
      given('offerer', 'answer', 1, 2_300),
      given('answerer', 'candidates', 1, 2_300),
      expired,
    );
    expect(verdict).toMatchObject({ cause: 'wrong_generation', certain: true, outcome: 'failed' });
    expect(verdict.sentence).toContain('c0ffee00');
  });

  it('tells a symmetric NAT: two ports for one base', () => {
    const mapped = (port: number) =>
      `a=candidate:1 1 udp 1677729535 84.16.3.4 ${port} typ srflx raddr 192.168.1.7 rport 46154`;
    const within = [mapped(40_001), mapped(40_002), 'a=end-of-candidates'];
    const verdict = judge(
      offer(chrome('4ZcD', 'actpass', within)),
      answer(chrome('9uB6', 'active', within)),
      given('offerer', 'answer', 1, 2_300),
      reportedFailed('failed'),
      expired,
    );
    expect(verdict).toMatchObject({ cause: 'no_relay_candidates', certain: true });
    expect(verdict.sentence).toContain('behind a NAT that needs one');
  });

  it('is unsure about a relay where nobody says that it failed', () => {
    const verdict = judge(
      offer(chrome('4ZcD', 'actpass', [`a=${SRFLX}`])),
      answer(chrome('9uB6', 'active', [`a=${SRFLX}`])),
      given('offerer', 'answer', 1, 2_300),
      expired,
    );
    expect(verdict).toMatchObject({ certain: false, outcome: 'unknown' });
    expect(verdict.alternatives).toContain('no_relay_candidates');
  });

  it('does not take a server with a public address for one that only its own network reaches', () => {
    const verdict = judge(
      offer(chrome('4ZcD', 'actpass', [`a=${SRFLX}`])),
      answer(chrome('9uB6', 'passive', ['a=candidate:1 1 udp 2130706431 203.0.113.9 3478 typ host'])),
      given('offerer', 'answer', 1, 2_300),
      reportedFailed('failed'),
      expired,
    );
    expect(verdict.cause).toBe('no_relay_candidates');
  });
});

describe('what is not known', () => {
  it('is what sealed candidates are: that there were no others than those of a network is not said', () => {
    const call = [
      offer(chrome('4ZcD', 'actpass')),
      answer(chrome('9uB6', 'active')),
      candidates('offerer', 2_020, [{ candidate: HOST }, { sealed: 'c2VhbGVk' }]),
      candidates('answerer', 2_050, [{ sealed: 'c2VhbGVk' }]),
      given('offerer', 'answer', 1, 2_300),
      given('answerer', 'candidates', 2, 2_300),
      given('offerer', 'candidates', 1, 2_400),
    ];
    expect(judge(...call, reportedFailed('failed'), expired)).toMatchObject({ cause: 'unsure', certain: false });
    expect(judge(...call, expired)).toMatchObject({ cause: 'signaling_complete', certain: false });
  });

  it('is never told for certain: deliveries that went with a process that died', () => {
    for (let seed = 0; seed < 300; seed++) {
      const call = planted['healthy, unreported']?.(seededChance(seed));
      const answered = call?.facts.find(({ event }) => event.type === 'OfferAnswered');
      if (!call || !answered) throw new Error('This call is answered.');
      const kept = call.facts.filter(
        ({ event }) => event.type !== 'DeliveriesRecorded' && event.type !== 'RefusalsCounted',
      );
      const at = answered.at + 1_000;
      const started: Fact = {
        ...{ position: 1e9, eventId: 'start', at, actor: null },
        event: { type: 'ProcessStarted', data: { role: 'query', instance: 'q', version: '1', startedAt: at } },
      };
      const { certain, outcome, cause } = diagnose([...kept, started], call.now);
      expect(certain && outcome === 'failed', cause).toBe(false);
    }
  });

  it('never makes it throw: whatever the payloads hold', () => {
    const odd: readonly Opaque[] = [
      null,
      '',
      0,
      true,
      [],
      {},
      { candidate: { candidate: { candidate: {} } } },
      'candidate:',
    ];
    for (const sdp of ['', '{', '{}', 'v=0', 'v=0\nm=', 'v=0\r\nm=audio\r\na=setup:\r\n', '{"sdp":7}']) {
      const verdict = judge(
        offer(sdp),
        candidates('offerer', 5, odd),
        answer(sdp),
        candidates('answerer', 2_001, odd),
        expired,
      );
      expect(verdict.sentence).not.toBe('');
    }
  });
});
