import type { Chance } from '@signalbox/runtime';
import type { Cause, Fact } from '../src/index.ts';
import { type Party, type Plot, type Stage, stage } from './story.ts';
import { dice, type Kind } from './world.ts';

/** A call in which one thing was made to go wrong, and what a right verdict of it is. */
export type Planted = {
  readonly facts: readonly Fact[];
  readonly now: number;
  readonly expected: readonly Cause[];
  /** The record has a gap where it matters: a right verdict is not certain, and has what is expected among others. */
  readonly gap?: true;
};

type Make = (chance: Chance) => Planted;

const goodKinds: readonly (readonly Kind[])[] = [
  ['host', 'srflx'],
  ['mdns', 'srflx'],
  ['host', 'host', 'srflx'],
  ['mdns', 'host', 'srflx', 'srflx'],
];
const relayed: readonly (readonly Kind[])[] = [
  ['host', 'srflx', 'relay'],
  ['mdns', 'srflx', 'relay', 'relay'],
  ['relay'],
];

/** Two clients that do everything right, each in its own manner. */
const rightful = (chance: Chance): Plot => {
  const d = dice(chance);
  const ttl = d.one([30_000, 120_000, 600_000]);
  const party = (): Party => ({
    kinds: d.one(d.often(0.4) ? relayed : goodKinds),
    trickles: d.often(0.7),
    saysEnd: d.often(0.6),
    shape: d.one(['init', 'init', 'init without ufrag', 'text', 'attribute', 'wrapped'] as const),
    candidateUfrag: null,
    sdp: {},
    sealed: false,
    looksAfterMs: d.between(5, 2_500),
    givenAtMost: 1_000,
  });
  const discovered = d.between(50, ttl / 3);
  return {
    offerTtlMs: ttl,
    answeredTtlMs: d.one([60_000, 120_000]),
    discoveredAfterMs: d.often(0.9) ? discovered : null,
    answeredAfterMs: discovered + d.between(20, 4_000),
    withdrawnAfterMs: null,
    withdrawal: 'withdrawn',
    offerer: party(),
    answerer: party(),
  };
};

type Wishes = Partial<Omit<Plot, 'offerer' | 'answerer'>> & {
  readonly offerer?: Partial<Party>;
  readonly answerer?: Partial<Party>;
};

const plotted = (chance: Chance, wishes: Wishes): Plot => {
  const plot = rightful(chance);
  return {
    ...plot,
    ...wishes,
    offerer: { ...plot.offerer, ...wishes.offerer },
    answerer: { ...plot.answerer, ...wishes.answerer },
  };
};

/** What happens around calls and has nothing to do with how they end. */
const around = (s: Stage, plot: Plot): void => {
  const { d, publishedAt, answeredAt } = s;
  const at = () => publishedAt + d.between(10, 3_000);
  if (d.often(0.2)) s.tell(at(), s.alice, { type: 'SessionRetagged', data: { tags: ['talk'], retaggedAt: at() } });
  if (d.often(0.2)) s.refuse('NOT_AUTHORIZED', 'retag', `mallory-${d.below(99)}`, at());
  if (d.often(0.1)) s.refuse('RATE_LIMIT_EXCEEDED', 'read', `mallory-${d.below(99)}`, at());
  if (answeredAt === null) return;
  if (d.often(0.2)) {
    const heldAt = publishedAt + d.between(1, Math.max(1, answeredAt - publishedAt - 1));
    const data = { identity: `eve-${d.below(99)}`, candidates: ['x'], batchId: d.word(6), heldAt, evicted: null };
    s.tell(heldAt, data.identity, { type: 'CandidatesHeld', data });
  }
  // A stranger who fails to answer, and a party that is slowed down once and gets through after it.
  if (d.often(0.1)) s.refuse('INVALID_CREDENTIALS', 'answer', null, answeredAt - 1, 'bad_signature');
  if (d.often(0.1) && plot.offerer.trickles && plot.offerer.kinds.length > 0) {
    s.refuse('RATE_LIMIT_EXCEEDED', 'candidates', s.alice, publishedAt + 1, null);
  }
};

const told = (s: Stage, expected: readonly Cause[], now = s.endedAt + s.d.between(10_000, 10_000_000)): Planted => ({
  ...{ now, expected },
  facts: s.facts(),
});

/** One planted thing: what the clients are made to do, what happens besides, and the verdicts that are right. */
const plant =
  (
    expected: readonly Cause[],
    wishesOf: (d: ReturnType<typeof dice>) => Wishes,
    besides: (s: Stage, plot: Plot) => void = () => undefined,
  ): Make =>
  (chance) => {
    const plot = plotted(chance, wishesOf(dice(chance)));
    const s = stage(chance, plot);
    around(s, plot);
    besides(s, plot);
    return told(s, expected);
  };

const answeredOf = (s: Stage): number => s.answeredAt ?? s.publishedAt;

const failed = (s: Stage, ice = s.d.one(['failed', 'failed', 'disconnected'])): void =>
  s.report(
    s.d.one(['offerer', 'answerer'] as const),
    'failed',
    ice,
    s.d.one(['failed', null]),
    Math.min(answeredOf(s) + s.d.between(20_000, 45_000), s.endedAt + 5_000),
  );

const maybeFailed = (s: Stage): void => {
  if (s.d.often(0.5)) failed(s);
};

const unanswered = { answeredAfterMs: null } as const;
const local = { kinds: ['host', 'host'] as const };
const quiet = { kinds: [] as const };
const trickling = { trickles: true } as const;
/** A client that never came further than the answer has nothing to look for. */
const gone = { looksAfterMs: null } as const;

/** A party of which a refusal explains what is missing: known, or not, where it could not prove who it was. */
const unproved = ['INVALID_CREDENTIALS', 'AUTH_REQUIRED'] as const;

/** When what an event tells of was noticed; null for what was recorded when it happened. */
const noticedAt = ({ event }: Fact): number | null => {
  if (event.data === null) return null;
  if (event.type === 'OfferDiscovered') return event.data.firstShownAt;
  if (event.type === 'DeliveriesRecorded') return event.data.deliveries[0]?.firstAt ?? null;
  return event.type === 'RefusalsCounted' ? (event.data.refusals[0]?.firstAt ?? null) : null;
};

type Gap = { readonly takes: (fact: Fact) => boolean; readonly fact: Fact };

const gapOf = (from: number, to: number, at: number, event: Fact['event']): Gap => ({
  takes: (fact) => {
    const time = noticedAt(fact);
    return time !== null && time >= from && time <= to;
  },
  fact: { position: 0, eventId: 'event-of-the-gap', at, actor: null, event },
});

/** More was noticed around a time than could be recorded. */
const dropping = (d: ReturnType<typeof dice>, lostAt: number): Gap => {
  const [from, to] = [lostAt - d.between(0, 40_000), lostAt + d.between(0, 40_000)];
  const data = { from, to: to + 60_000, sessions: d.between(1, 5_000) };
  return gapOf(from, to, to + d.between(10, 2_000), { type: 'ObservationsDropped', data });
};

/** The process that had noticed something died before it was recorded, and another one was started. */
const dying = (d: ReturnType<typeof dice>, lostAt: number): Gap => {
  const diedAt = lostAt + d.between(0, 1_000);
  const startedAt = diedAt + d.one([d.between(500, 5_000), d.between(5_000, 240_000)]);
  const data = { role: d.one(['standalone', 'gateway']), instance: d.word(6), version: '0.1.0', startedAt };
  return gapOf(diedAt - 1_500, diedAt, startedAt, { type: 'ProcessStarted', data });
};

/** The positions are those of the log: in the order of time. */
const inOrder = (facts: readonly Fact[]): readonly Fact[] =>
  facts.toSorted((a, b) => a.at - b.at).map((fact, position) => ({ ...fact, position }));

/** Something happened, and exactly that is not in the record. */
const lossy =
  (
    expected: readonly Cause[],
    wishes: Wishes,
    gapAt: (d: ReturnType<typeof dice>, lostAt: number) => Gap,
    besides: (s: Stage) => void = () => undefined,
  ): Make =>
  (chance) => {
    const d = dice(chance);
    const plot = plotted(chance, { discoveredAfterMs: d.between(10, 9_000), ...wishes });
    const s = stage(chance, plot);
    besides(s);
    const facts = s.facts();
    const lost = facts.find(
      ({ event }) => event.type === (s.answeredAt === null ? 'OfferDiscovered' : 'DeliveriesRecorded'),
    );
    const gap = gapAt(d, (lost && noticedAt(lost)) ?? s.publishedAt);
    const left = facts.filter((fact) => !gap.takes(fact) && fact !== lost);
    return { facts: inOrder([...left, gap.fact]), now: s.endedAt + 400_000, expected, gap: true };
  };

export const planted: Readonly<Record<string, Make>> = {
  'healthy, reported': plant(
    ['connected'],
    (d) => ({ withdrawnAfterMs: d.often(0.5) ? d.between(3_000, 20_000) : null }),
    (s) => {
      const at = answeredOf(s) + s.d.between(5_500, 9_000);
      s.report('offerer', 'connected', 'connected', 'connected', at);
      if (s.d.often(0.5)) s.report('answerer', 'connected', 'completed', null, at + 100);
      if (s.d.often(0.2)) s.refuse('SESSION_ENDED', 'candidates', s.bob, s.endedAt + 300);
      if (s.d.often(0.2)) s.restart(at - 1_000);
      if (s.d.often(0.2)) s.refuse('OFFER_ALREADY_ANSWERED', 'answer', 'carol', answeredOf(s) + 30);
    },
  ),
  'healthy, unreported': plant(
    ['signaling_complete'],
    (d) => ({ withdrawnAfterMs: d.often(0.5) ? d.between(15_000, 25_000) : null }),
    (s) => {
      if (s.d.often(0.2)) s.refuse('SESSION_ENDED', 'candidates', s.bob, s.endedAt + 300);
      if (s.d.often(0.1)) s.restart(answeredOf(s) + 12_000);
    },
  ),
  'healthy, connected at the second try': plant(
    ['connected'],
    () => ({}),
    (s) => {
      s.report('offerer', 'failed', 'failed', 'failed', answeredOf(s) + 15_000);
      s.report('offerer', 'connected', 'connected', 'connected', answeredOf(s) + 18_000);
    },
  ),
  'healthy, on one network': plant(
    ['connected'],
    () => ({ offerer: local, answerer: { kinds: ['mdns'] } }),
    (s) => s.report('answerer', 'connected', 'connected', null, answeredOf(s) + 6_000),
  ),
  'still waiting': (chance) => {
    const plot = plotted(chance, unanswered);
    const s = stage(chance, plot);
    around(s, plot);
    const facts = s.facts().filter(({ event }) => event.type !== 'SessionExpired');
    return { facts, now: s.publishedAt + plot.offerTtlMs - 10, expected: ['waiting'] };
  },
  'still waiting for the answer to be fetched': (chance) => {
    const s = stage(chance, plotted(chance, { offerer: { ...gone, ...trickling } }));
    const facts = s.facts().filter(({ event }) => event.type !== 'SessionExpired');
    return { facts, now: s.endedAt - 20_000, expected: ['waiting'] };
  },
  connected_unseen: plant(
    ['connected_unseen'],
    () => ({ offerer: gone }),
    (s) => s.report('answerer', 'connected', 'connected', 'connected', answeredOf(s) + 6_000),
  ),
  reports_contradict: plant(
    ['reports_contradict'],
    () => ({}),
    (s) => {
      s.report('offerer', 'connected', 'connected', 'connected', answeredOf(s) + 6_000);
      s.report('answerer', 'failed', 'failed', 'failed', answeredOf(s) + 16_000);
    },
  ),
  lost_after_connecting: plant(
    ['lost_after_connecting'],
    () => ({}),
    (s) => {
      s.report('offerer', 'connected', 'connected', 'connected', answeredOf(s) + 6_000);
      s.report('offerer', 'failed', 'disconnected', 'failed', answeredOf(s) + 36_000);
      if (s.d.often(0.5)) s.report('answerer', 'connected', 'connected', null, answeredOf(s) + 6_100);
    },
  ),
  nothing_recorded: () => ({ facts: [], now: 1_790_000_000_000, expected: ['nothing_recorded'] }),
  redacted: (chance) => {
    const s = stage(chance, rightful(chance));
    const now = s.endedAt + 90 * 86_400_000;
    s.tell(now - 5, null, {
      type: 'SessionRedacted',
      data: { reason: 'retention', policy: '30 days', redactedAt: now - 5 },
    });
    const facts = s.facts().map((fact): Fact => {
      const { type } = fact.event;
      return type === 'SessionRedacted' ? fact : { ...fact, event: { type, data: null } };
    });
    return { facts, now, expected: ['redacted'] };
  },
  never_discovered: plant(['never_discovered'], () => ({ ...unanswered, discoveredAfterMs: null })),
  discovered_not_answered: plant(['discovered_not_answered'], (d) => ({
    ...unanswered,
    discoveredAfterMs: d.between(10, 20_000),
  })),
  answer_never_sent: plant(
    ['answer_never_sent'],
    (d) => ({ ...unanswered, discoveredAfterMs: d.between(10, 9_000) }),
    (s) => {
      const heldAt = s.publishedAt + 12_000;
      const data = { identity: s.bob, candidates: [{ candidate: 'x' }], batchId: 'b', heldAt, evicted: null };
      s.tell(heldAt, s.bob, { type: 'CandidatesHeld', data });
    },
  ),
  answered_too_late: plant(
    ['answered_too_late'],
    (d) => ({ ...unanswered, discoveredAfterMs: d.between(10, 20_000) }),
    (s) => s.refuse('OFFER_NOT_FOUND', 'answer', s.d.one([s.bob, 'carol']), s.endedAt + s.d.between(1, 60_000)),
  ),
  withdrawn_before_answer: plant(
    ['withdrawn_before_answer'],
    (d) => ({ ...unanswered, withdrawnAfterMs: d.between(500, 25_000) }),
    (s) => {
      if (s.d.often(0.3)) s.refuse('OFFER_NOT_FOUND', 'answer', s.bob, s.endedAt + 900);
    },
  ),
  replaced: plant(['replaced'], (d) => ({
    ...unanswered,
    withdrawnAfterMs: d.between(500, 25_000),
    withdrawal: 'replaced',
  })),
  withdrawn_after_answer: plant(['withdrawn_after_answer'], (d) => ({
    withdrawnAfterMs: d.between(100, 4_000),
    offerer: d.often(0.6) ? { ...gone, ...trickling } : { ...quiet, ...trickling, looksAfterMs: 90 },
  })),
  answered_by_another: plant(
    ['answered_by_another'],
    () => ({}),
    (s) => {
      for (let i = s.d.between(1, 3); i > 0; i--) {
        s.refuse('OFFER_ALREADY_ANSWERED', 'answer', `loser-${i}`, answeredOf(s) + s.d.between(1, 5_000));
      }
    },
  ),
  answer_not_accepted: plant(
    ['answer_not_accepted'],
    () => unanswered,
    (s) =>
      s.refuse(s.d.one(['SDP_TOO_LARGE', 'INVALID_SDP', 'BODY_TOO_LARGE']), 'answer', s.bob, s.publishedAt + 9_000),
  ),
  answer_not_fetched: plant(['answer_not_fetched'], () => ({ offerer: gone }), maybeFailed),
  answer_fetched_too_late: plant(
    ['answer_fetched_too_late'],
    (d) => ({
      answeredTtlMs: 60_000,
      offerer: { looksAfterMs: d.often(0.5) ? d.between(59_500, 70_000) : d.between(40_000, 55_000) },
    }),
    maybeFailed,
  ),
  answered_just_before_end: plant(['answered_just_before_end'], (d) => ({
    answeredTtlMs: d.between(10, 1_800),
    offerer: gone,
    answerer: { trickles: false },
  })),
  no_candidates: plant(
    ['no_candidates'],
    (d) => ({ offerer: { ...quiet, trickles: d.often(0.5) }, answerer: { ...quiet, trickles: d.often(0.5) } }),
    maybeFailed,
  ),
  only_offerer_sent_candidates: plant(['only_offerer_sent_candidates'], () => ({ answerer: quiet }), maybeFailed),
  only_answerer_sent_candidates: plant(['only_answerer_sent_candidates'], () => ({ offerer: quiet }), maybeFailed),
  'only mDNS on both sides': plant(
    ['only_mdns_candidates'],
    () => ({ offerer: { kinds: ['mdns', 'mdns'] }, answerer: { kinds: ['mdns'] } }),
    maybeFailed,
  ),
  'only mDNS on one side': plant(
    ['only_mdns_candidates'],
    (d) => ({ offerer: { kinds: ['mdns'] }, answerer: { kinds: d.one(goodKinds) } }),
    (s) => failed(s),
  ),
  'only host on both sides': plant(['only_host_candidates'], () => ({ offerer: local, answerer: local }), maybeFailed),
  'only host on one side': plant(
    ['only_host_candidates'],
    (d) => ({ offerer: { kinds: d.one(goodKinds) }, answerer: local }),
    (s) => failed(s),
  ),
  no_relay_candidates: plant(
    ['no_relay_candidates'],
    (d) => ({ offerer: { kinds: d.one(goodKinds) }, answerer: { kinds: d.one(goodKinds) } }),
    (s) => failed(s),
  ),
  candidates_not_fetched: plant(
    ['candidates_not_fetched'],
    (d) =>
      d.often(0.5) ? { offerer: trickling, answerer: gone } : { answerer: trickling, offerer: { givenAtMost: 0 } },
    maybeFailed,
  ),
  candidates_partly_fetched: plant(
    ['candidates_partly_fetched'],
    () => ({ offerer: { ...trickling, kinds: ['host', 'host', 'srflx', 'relay'] }, answerer: { givenAtMost: 2 } }),
    maybeFailed,
  ),
  candidates_fetched_too_late: plant(
    ['candidates_fetched_too_late'],
    (d) => ({ answeredTtlMs: 120_000, offerer: trickling, answerer: { looksAfterMs: d.between(40_000, 100_000) } }),
    maybeFailed,
  ),
  candidates_after_end: plant(
    ['candidates_after_end'],
    (d) => ({ answerer: { kinds: d.one([[], ['host']]), ...trickling } }),
    (s) => s.refuse('SESSION_ENDED', 'candidates', s.bob, s.endedAt + s.d.between(5, 20_000)),
  ),
  no_end_of_candidates: plant(
    ['no_end_of_candidates'],
    (d) => ({
      offerer: { saysEnd: false, kinds: d.one(goodKinds) },
      answerer: { saysEnd: d.often(0.5), kinds: d.one(relayed) },
    }),
    (s) => failed(s, s.d.one(['checking', 'new'])),
  ),
  wrong_generation: plant(
    ['wrong_generation'],
    (d) => {
      const other = { ...trickling, candidateUfrag: `old${d.below(9)}`, shape: 'init' as const };
      return d.often(0.5) ? { offerer: other } : { answerer: other };
    },
    maybeFailed,
  ),
  candidate_quota: plant(
    ['candidate_quota'],
    () => ({ answerer: { ...trickling, kinds: Array<Kind>(50).fill('host').fill('srflx', 30), saysEnd: false } }),
    (s) => {
      s.refuse('TOO_MANY_ICE_CANDIDATES', 'candidates', s.bob, answeredOf(s) + 6_000);
      maybeFailed(s);
    },
  ),
  'rate limited when answering': plant(
    ['rate_limited'],
    () => unanswered,
    (s) => s.refuse('RATE_LIMIT_EXCEEDED', 'answer', s.d.one([s.bob, null]), s.publishedAt + 8_000),
  ),
  'rate limited when reading': plant(
    ['rate_limited'],
    () => ({ offerer: gone }),
    (s) => s.refuse('RATE_LIMIT_EXCEEDED', 'read', s.alice, answeredOf(s) + 3_000),
  ),
  'rate limited when sending candidates': plant(
    ['rate_limited'],
    () => ({ answerer: quiet }),
    (s) => s.refuse('RATE_LIMIT_EXCEEDED', 'candidates', s.bob, answeredOf(s) + 700),
  ),
  'signature refused when answering': plant(
    ['signature_refused'],
    () => unanswered,
    (s) =>
      s.refuse(
        s.d.one(unproved),
        'answer',
        null,
        s.publishedAt + 8_000,
        s.d.one(['bad_signature', 'replayed', 'expired_token', null]),
      ),
  ),
  'signature refused when reading': plant(
    ['signature_refused'],
    () => ({ offerer: gone }),
    (s) => s.refuse('INVALID_CREDENTIALS', 'read', null, answeredOf(s) + 3_000, 'ended_credential'),
  ),
  'signature refused when sending candidates': plant(
    ['signature_refused'],
    () => ({ offerer: quiet }),
    (s) => s.refuse('INVALID_CREDENTIALS', 'candidates', null, answeredOf(s) + 300, 'The signature is wrong'),
  ),
  'a clock is wrong when answering': plant(
    ['clock_skew'],
    () => unanswered,
    (s) => {
      s.refuse('INVALID_CREDENTIALS', 'answer', null, s.publishedAt + 8_000, s.d.one(['too_old', 'too_far_ahead']));
      if (s.d.often(0.3)) s.refuse('AUTH_REQUIRED', 'answer', null, s.publishedAt + 9_000, 'missing');
    },
  ),
  'a clock is wrong when reading, by Rondevu': plant(
    ['clock_skew'],
    () => ({ offerer: gone }),
    (s) => s.refuse('INVALID_PARAMS', 'read', null, answeredOf(s) + 1_000, 'The timestamp is too far in the future'),
  ),
  'a clock is wrong when sending candidates': plant(
    ['clock_skew'],
    () => ({ answerer: quiet }),
    (s) => s.refuse('INVALID_CREDENTIALS', 'candidates', null, answeredOf(s) + 300, 'too_far_ahead'),
  ),
  server_unavailable: plant(
    ['server_unavailable'],
    () => unanswered,
    (s) =>
      s.refuse(s.d.one(['LOG_UNAVAILABLE', 'OVERLOADED', 'REQUEST_TIMEOUT']), 'answer', s.bob, s.publishedAt + 8_000),
  ),
  'a restart before the answer was fetched': plant(
    ['server_restarted'],
    () => ({ offerer: gone }),
    (s) => s.restart(answeredOf(s) + s.d.between(50, 900)),
  ),
  'a restart before the answer': plant(
    ['server_restarted'],
    (d) => ({ ...unanswered, discoveredAfterMs: d.between(10, 9_000) }),
    (s) => s.restart(s.publishedAt + 9_500),
  ),
  sdp_no_fingerprint: plant(
    ['sdp_no_fingerprint'],
    (d) => ({ [d.one(['offerer', 'answerer'])]: { sdp: { lacks: 'fingerprint' } } }),
    maybeFailed,
  ),
  sdp_no_ice_credentials: plant(
    ['sdp_no_ice_credentials'],
    (d) => ({ [d.one(['offerer', 'answerer'])]: { sdp: { lacks: d.one(['ufrag', 'pwd'] as const) } } }),
    maybeFailed,
  ),
  'no fingerprint, so never answered': plant(['sdp_no_fingerprint'], (d) => ({
    ...unanswered,
    discoveredAfterMs: d.between(10, 5_000),
    offerer: { sdp: { lacks: 'fingerprint' } },
  })),
  sdp_roles_clash: plant(
    ['sdp_roles_clash'],
    (d) => {
      const [offered, answered] = d.one([
        ['active', 'active'],
        ['passive', 'passive'],
        ['actpass', 'actpass'],
      ] as const);
      return { offerer: { sdp: { setup: offered } }, answerer: { sdp: { setup: answered } } };
    },
    maybeFailed,
  ),
  sdp_media_mismatch: plant(
    ['sdp_media_mismatch'],
    (d) =>
      d.often(0.3)
        ? { answerer: { sdp: { rejected: true } } }
        : {
            offerer: { sdp: { sections: d.one([['audio'], ['audio', 'application']]) } },
            answerer: { sdp: { sections: d.one([['application'], ['audio', 'video', 'application']]) } },
          },
    maybeFailed,
  ),
  ice_failed: plant(
    ['ice_failed'],
    (d) => ({ offerer: { kinds: d.one(relayed) }, answerer: { kinds: d.one([...relayed, ...goodKinds]) } }),
    (s) => failed(s),
  ),
  dtls_failed: plant(
    ['dtls_failed'],
    () => ({}),
    (s) => s.report('offerer', 'failed', s.d.one(['connected', 'completed']), 'failed', answeredOf(s) + 25_000),
  ),
  'sealed end to end': plant(['unsure'], () => ({
    offerer: { sealed: true, trickles: true, kinds: [] },
    answerer: { sealed: true, trickles: true, kinds: [] },
  })),
  'shown, and dropped': lossy(['discovered_not_answered'], unanswered, dropping),
  'shown, and gone with the process': lossy(['discovered_not_answered'], unanswered, dying),
  'fetched, and dropped': lossy(['signaling_complete'], {}, dropping),
  'fetched, and gone with the process': lossy(['signaling_complete'], {}, dying),
  'fetched and failed, and dropped': lossy(
    ['ice_failed'],
    { offerer: { kinds: ['relay'] }, answerer: { kinds: ['relay'] } },
    dropping,
    (s) => failed(s, 'failed'),
  ),
};

/** Calls of any plot, of whose record something was lost. */
export const withGaps =
  (make: Make, how: 'dropped' | 'died'): Make =>
  (chance) => {
    const { facts, now, expected } = make(chance);
    const d = dice(chance);
    const times = facts.flatMap((fact) => noticedAt(fact) ?? []);
    const [first, last] = [facts[0]?.at ?? now, Math.max(facts.at(-1)?.at ?? now, ...times)];
    const lostAt = times.length > 0 && d.often(0.8) ? d.one(times) : d.between(first, last);
    const gap = (how === 'dropped' ? dropping : dying)(d, lostAt);
    return { facts: inOrder([...facts.filter((fact) => !gap.takes(fact)), gap.fact]), now, expected };
  };
