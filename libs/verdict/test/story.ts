import type { Opaque } from '@signalbox/domain';
import type { Chance } from '@signalbox/runtime';
import type { Fact } from '../src/index.ts';
import {
  candidateLine,
  dice,
  type Kind,
  type Role,
  recorder,
  type SdpWishes,
  type Shape,
  sdpOf,
  shaped,
} from './world.ts';

/** How one party behaves. Times are milliseconds after what the party reacts to. */
export type Party = {
  readonly kinds: readonly Kind[];
  readonly trickles: boolean;
  readonly saysEnd: boolean;
  readonly shape: Shape;
  /** The user fragment that its candidates bear; null: that of its SDP. */
  readonly candidateUfrag: string | null;
  readonly sdp: Partial<SdpWishes>;
  readonly sealed: boolean;
  /** After the answer (the answerer: after its own) it looks for news after so long; null: never again. */
  readonly looksAfterMs: number | null;
  /** How many of the other's candidates it is given at most. */
  readonly givenAtMost: number;
};

export type Plot = {
  readonly offerTtlMs: number;
  readonly answeredTtlMs: number;
  readonly discoveredAfterMs: number | null;
  readonly answeredAfterMs: number | null;
  readonly withdrawnAfterMs: number | null;
  readonly withdrawal: 'withdrawn' | 'replaced';
  readonly offerer: Party;
  readonly answerer: Party;
};

const T0 = 1_790_000_000_000;

/** Facts from a plot: what the server would have recorded if two clients had behaved so. More can be told after it. */
export const stage = (chance: Chance, plot: Plot) => {
  const d = dice(chance);
  const record = recorder(d);
  const [alice, bob] = [`alice-${d.word(5)}`.toLowerCase(), 'b'.repeat(8) + d.word(56).toLowerCase()];
  const sections = d.one([['application'], ['audio', 'video'], ['audio', 'video', 'application']]);
  const publishedAt = T0 + d.below(1_000_000_000);
  const answeredAt = plot.answeredAfterMs === null ? null : publishedAt + plot.answeredAfterMs;
  const dueAt = answeredAt === null ? publishedAt + plot.offerTtlMs : answeredAt + plot.answeredTtlMs;
  const withdrawnAt = plot.withdrawnAfterMs === null ? null : (answeredAt ?? publishedAt) + plot.withdrawnAfterMs;
  const endedAt = Math.min(withdrawnAt ?? dueAt, dueAt);
  const fragments = { offerer: d.word(4), answerer: d.word(4) };

  const sdp = (role: Role) => {
    const party = plot[role];
    if (party.sealed) return Buffer.from(d.word(300)).toString('base64');
    return sdpOf(d, {
      ufrag: fragments[role],
      setup: role === 'offerer' ? 'actpass' : 'active',
      within: party.trickles ? [] : party.kinds,
      ended: !party.trickles && party.saysEnd,
      ...{ sections, lacks: 'nothing', rejected: false },
      ...party.sdp,
    });
  };

  record.tell(publishedAt, alice, {
    type: 'OfferPublished',
    data: {
      ...{ publisher: alice, tags: ['chat'], service: null, sdp: sdp('offerer'), publishedAt },
      expiresAt: publishedAt + plot.offerTtlMs,
    },
  });
  if (plot.discoveredAfterMs !== null) {
    const at = publishedAt + plot.discoveredAfterMs;
    record.tell(at + 900, null, { type: 'OfferDiscovered', data: { firstShownAt: at, times: d.between(1, 9) } });
  }
  if (answeredAt !== null) {
    const data = { answerer: bob, sdp: sdp('answerer'), matchedTags: null, answeredAt, expiresAt: dueAt };
    record.tell(answeredAt, bob, { type: 'OfferAnswered', data });
  }

  /** Sends in a few batches; gives the times at which each candidate was there for the other. */
  const trickle = (role: Role): readonly number[] => {
    const party = plot[role];
    if (!party.trickles || answeredAt === null) return [];
    const ufrag = party.candidateUfrag ?? fragments[role];
    const each = party.kinds.map((kind): Opaque => {
      const inLine = party.shape !== 'init' && d.often(0.5) ? ufrag : null;
      const line = candidateLine(d, kind, party.candidateUfrag !== null ? ufrag : inLine);
      return shaped(party.shape, line, ufrag);
    });
    const end: Opaque = d.one<Opaque>([{ candidate: '', sdpMid: '0' }, null, '', 'a=end-of-candidates']);
    const all = party.saysEnd && each.length > 0 ? [...each, end] : each;
    // The offerer may begin when it has published; whatever it sends before the answer waits for the answerer.
    let at = role === 'offerer' && d.often(0.6) ? publishedAt + d.between(5, 300) : answeredAt + d.between(1, 400);
    const there: number[] = [];
    for (let index = 0; index < all.length; ) {
      const candidates = all.slice(index, index + d.between(1, 4));
      const identity = role === 'offerer' ? alice : bob;
      const batchId = d.word(12);
      const data = { role, identity, candidates, firstIndex: index, batchId, addedAt: at };
      record.tell(at, identity, { type: 'CandidatesAdded', data });
      there.push(...candidates.map(() => Math.max(at, answeredAt)));
      index += candidates.length;
      at = Math.min(at + d.between(5, 400), Math.max(endedAt - 1, at));
    }
    return there;
  };
  const sent = { offerer: trickle('offerer'), answerer: trickle('answerer') };

  /** Looks again and again; each look that brings something new is told a second later. */
  const look = (role: Role) => {
    const party = plot[role];
    if (answeredAt === null || party.looksAfterMs === null) return;
    const others = sent[role === 'offerer' ? 'answerer' : 'offerer'];
    const to = role === 'offerer' ? alice : bob;
    const tell = (what: 'answer' | 'candidates', upTo: number, at: number) =>
      record.tell(at + d.between(300, 1_500), null, {
        type: 'DeliveriesRecorded',
        data: { deliveries: [{ ...{ to, role, what, upTo, firstAt: at, lastAt: at } }], recordedAt: at + 1_000 },
      });
    let at = answeredAt + party.looksAfterMs;
    if (role === 'offerer') tell('answer', 1, at);
    const wanted = Math.min(others.length, party.givenAtMost);
    let given = 0;
    for (let looks = 0; given < wanted && looks < 200; looks++) {
      const there = Math.min(others.filter((time) => time <= at).length, wanted);
      if (there > given) {
        given = there;
        tell('candidates', given, at);
      }
      at += d.between(200, 1_200);
    }
  };
  look('offerer');
  look('answerer');

  if (withdrawnAt !== null && withdrawnAt < dueAt) {
    const data = { reason: plot.withdrawal, withdrawnAt };
    record.tell(withdrawnAt, alice, { type: 'SessionWithdrawn', data });
  } else {
    const was = answeredAt === null ? ('open' as const) : ('answered' as const);
    const expiredAt = dueAt + d.between(0, 900);
    record.tell(expiredAt, null, { type: 'SessionExpired', data: { dueAt, was, expiredAt } });
  }

  return {
    ...{ d, alice, bob, publishedAt, answeredAt, endedAt, tell: record.tell },
    refuse: (
      code: string,
      operation: 'answer' | 'candidates' | 'read' | 'retag',
      identity: string | null,
      at: number,
      detail: string | null = null,
    ) =>
      record.tell(at + d.between(200, 1_500), null, {
        type: 'RefusalsCounted',
        data: {
          refusals: [{ code, operation, identity, count: d.between(1, 5), firstAt: at, lastAt: at, detail }],
          recordedAt: at + 1_000,
        },
      }),
    report: (role: Role, outcome: 'connected' | 'failed', ice: string, connection: string | null, at: number) =>
      record.tell(at, role === 'offerer' ? alice : bob, {
        type: 'ConnectionReported',
        data: {
          ...{ by: role === 'offerer' ? alice : bob, role, outcome, reportedAt: at, iceConnectionState: ice },
          localCandidateType: outcome === 'connected' ? d.one(['host', 'srflx', 'relay'] as const) : null,
          remoteCandidateType: outcome === 'connected' ? d.one(['host', 'srflx', 'prflx'] as const) : null,
          ...{ roundTripTimeMs: outcome === 'connected' ? d.between(1, 300) : null, connectionState: connection },
          iceGatheringState: 'complete',
        },
      }),
    restart: (at: number) =>
      record.tell(at, null, {
        type: 'ProcessStarted',
        data: { role: 'standalone', instance: d.word(6), version: '0.1.0', startedAt: at },
      }),
    facts: (): readonly Fact[] => record.facts(),
  };
};

export type Stage = ReturnType<typeof stage>;
