import type { Role } from '@signalbox/domain';
import { type Address, type Candidate, readCandidate } from './candidate.ts';
import { type Description, readDescription } from './description.ts';
import { type Fact, ofType, type Read } from './facts.ts';

export type Sent = { readonly candidate: Candidate; readonly at: number; readonly fact: Fact };

export type Refusal = Read<'RefusalsCounted'>['data']['refusals'][number] & { readonly fact: Fact };

type RecordedDelivery = Read<'DeliveriesRecorded'>['data']['deliveries'][number];

/** What a party was given of one kind: when first and last, and how many in all. */
export type Delivery = {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly upTo: number;
  readonly fact: Fact;
  /** When each further part was given: the first `upTo` of them by `at`. */
  readonly steps: readonly { readonly upTo: number; readonly at: number }[];
};

export type Report = Read<'ConnectionReported'>;

/** One party of the call, what it sent and what it was given. */
export type Side = {
  readonly role: Role;
  readonly identity: string;
  /** Null where it is none that can be read: it may be sealed. */
  readonly description: Description | null;
  /** The event that brought its SDP. */
  readonly sdpFact: Fact;
  /** Trickled ones, in their order; ends too. */
  readonly sent: readonly Sent[];
  /** Those that name an address, trickled or within the SDP. */
  readonly addresses: readonly Address[];
  /** How many candidates it sent or may have sent; `null` when its SDP cannot be read and it trickled none. */
  readonly candidates: number | null;
  readonly saidEnd: boolean;
  readonly gotAnswer: Delivery | null;
  readonly gotCandidates: Delivery | null;
  readonly refusals: readonly Refusal[];
  /** In their order. */
  readonly reports: readonly Report[];
};

/** The call as far as it came. */
export type Call = {
  readonly now: number;
  readonly offer: Read<'OfferPublished'>;
  readonly offerer: Side;
  readonly discovered: Read<'OfferDiscovered'> | null;
  /** Null before the answer. */
  readonly answer: (Read<'OfferAnswered'> & { readonly side: Side }) | null;
  /** Before the answer: candidates of those who may yet give it. */
  readonly ahead: readonly Read<'CandidatesHeld'>[];
  readonly dueAt: number;
  readonly end: {
    readonly how: 'expired' | 'withdrawn' | 'replaced';
    readonly at: number;
    /** Null: due, and not yet recorded. */
    readonly fact: Fact | null;
  } | null;
  readonly refusals: readonly Refusal[];
  /** Starts of processes while something could still have been on its way. */
  readonly restarts: readonly Read<'ProcessStarted'>[];
  /** Where the record of what was shown, given and refused may have gaps, and why. */
  readonly losses: readonly Loss[];
};

export type Loss = { readonly fact: Fact; readonly why: string };

/** What is dropped so long after somebody gave up, or goes with a process that starts so long after it, was not why. */
const AFTERWARDS_MS = 5 * 60_000;

/** So many events of a kind are recorded of one session; what is noticed after them is not. */
export const RECORDED_AT_MOST = { DeliveriesRecorded: 64, RefusalsCounted: 16 } as const;

/** Puts the facts of a session together; null when its offer is not among those that can be read. */
export const readCall = (facts: readonly Fact[], now: number): Call | null => {
  const offer = ofType(facts, 'OfferPublished')[0];
  if (!offer) return null;
  const answered = ofType(facts, 'OfferAnswered')[0] ?? null;
  const refusals = refusalsOf(facts);
  // What comes after somebody gave up was not why.
  const failed = ofType(facts, 'ConnectionReported').find(({ data }) => data.outcome === 'failed');
  const dueAt = answered?.data.expiresAt ?? offer.data.expiresAt;
  const side = (role: Role, identity: string, from: Read<'OfferPublished'> | Read<'OfferAnswered'>): Side =>
    sideOf(facts, refusals, { role, identity, sdp: from.data.sdp, fact: from.fact });
  const end = endOf(facts, dueAt, now);
  const until = Math.min(end?.at ?? now, failed?.fact.at ?? now);
  const starts = ofType(facts, 'ProcessStarted').filter(({ fact }) => fact.at > offer.fact.at);
  return {
    ...{ now, offer, refusals, dueAt, end },
    offerer: side('offerer', offer.data.publisher, offer),
    discovered: ofType(facts, 'OfferDiscovered')[0] ?? null,
    answer: answered && { ...answered, side: side('answerer', answered.data.answerer, answered) },
    ahead: ofType(facts, 'CandidatesHeld'),
    restarts: starts.filter(({ fact }) => fact.at <= until),
    losses: [
      ...dropsIn(facts, failed),
      ...starts
        .filter(({ fact }) => !failed || fact.at <= failed.fact.at + AFTERWARDS_MS)
        .map(({ fact, data }) => ({
          fact,
          why: `a process of the server (${data.role}) started, and what the one before it had noticed last may have gone with it`,
        })),
      ...fullRecords(facts),
    ],
  };
};

const dropsIn = (facts: readonly Fact[], failed: Report | undefined): readonly Loss[] =>
  ofType(facts, 'ObservationsDropped')
    .filter(({ data }) => !failed || data.from <= failed.fact.at + AFTERWARDS_MS)
    .map(({ fact, data }) => ({
      fact,
      why: `the server noticed more than it could record and dropped what it knew of ${data.sessions} sessions`,
    }));

const fullRecords = (facts: readonly Fact[]): readonly Loss[] =>
  (['DeliveriesRecorded', 'RefusalsCounted'] as const).flatMap((type) => {
    const last = ofType(facts, type)[RECORDED_AT_MOST[type] - 1];
    return last ? [{ fact: last.fact, why: 'so much happened in this session that not all of it was recorded' }] : [];
  });

const endOf = (facts: readonly Fact[], dueAt: number, now: number): Call['end'] => {
  const withdrawn = ofType(facts, 'SessionWithdrawn')[0];
  if (withdrawn) return { how: withdrawn.data.reason, at: withdrawn.data.withdrawnAt, fact: withdrawn.fact };
  const expired = ofType(facts, 'SessionExpired')[0];
  if (expired) return { how: 'expired', at: expired.data.dueAt, fact: expired.fact };
  return now >= dueAt ? { how: 'expired', at: dueAt, fact: null } : null;
};

/** Each event tells what came since the one before: the counts of one kind add up. */
const refusalsOf = (facts: readonly Fact[]): readonly Refusal[] => {
  const byKind = new Map<string, Refusal>();
  for (const { fact, data } of ofType(facts, 'RefusalsCounted')) {
    for (const refusal of data.refusals) {
      const kind = JSON.stringify([refusal.code, refusal.operation, refusal.identity]);
      const before = byKind.get(kind);
      const firstAt = Math.min(refusal.firstAt, before?.firstAt ?? refusal.firstAt);
      const lastAt = Math.max(refusal.lastAt, before?.lastAt ?? refusal.lastAt);
      const count = refusal.count + (before?.count ?? 0);
      byKind.set(kind, { ...refusal, count, firstAt, lastAt, fact: before?.fact ?? fact });
    }
  }
  return [...byKind.values()].sort((a, b) => a.firstAt - b.firstAt);
};

const sideOf = (
  facts: readonly Fact[],
  refusals: readonly Refusal[],
  who: { readonly role: Role; readonly identity: string; readonly sdp: string; readonly fact: Fact },
): Side => {
  const { role, identity } = who;
  const description = readDescription(who.sdp);
  const sent = ofType(facts, 'CandidatesAdded')
    .filter(({ data }) => data.role === role)
    .flatMap(({ fact, data }) =>
      data.candidates.map((json) => ({ candidate: readCandidate(json), at: data.addedAt, fact })),
    );
  const all = [...(description?.candidates ?? []), ...sent.map(({ candidate }) => candidate)];
  const count = all.filter(({ kind }) => kind !== 'end').length;
  const delivered = (what: RecordedDelivery['what']) => deliveryOf(facts, (d) => d.role === role && d.what === what);
  return {
    ...{ role, identity, description, sent, sdpFact: who.fact },
    addresses: all.filter((candidate) => candidate.kind === 'address'),
    candidates: count === 0 && description === null ? null : count,
    saidEnd: all.some(({ kind }) => kind === 'end'),
    gotAnswer: delivered('answer'),
    gotCandidates: delivered('candidates'),
    refusals: refusals.filter((refusal) => refusal.identity === identity),
    reports: ofType(facts, 'ConnectionReported').filter(({ data }) => data.role === role),
  };
};

const deliveryOf = (facts: readonly Fact[], which: (one: RecordedDelivery) => boolean): Delivery | null => {
  const all = ofType(facts, 'DeliveriesRecorded').flatMap(({ fact, data }) =>
    data.deliveries.filter(which).map((delivery) => ({ ...delivery, fact })),
  );
  const first = all[0];
  if (!first) return null;
  return {
    fact: first.fact,
    firstAt: Math.min(...all.map(({ firstAt }) => firstAt)),
    lastAt: Math.max(...all.map(({ lastAt }) => lastAt)),
    upTo: Math.max(...all.map(({ upTo }) => upTo)),
    steps: all.map(({ upTo, lastAt }) => ({ upTo, at: lastAt })),
  };
};

export const otherSide = (call: Call, side: Side): Side | null =>
  side.role === 'offerer' ? (call.answer?.side ?? null) : call.offerer;

/** Both parties; the offerer alone before the answer. */
export const sidesOf = (call: Call): readonly Side[] => [call.offerer, ...(call.answer ? [call.answer.side] : [])];

/** The newest report of each party. */
export const lastReports = (call: Call): readonly Report[] =>
  sidesOf(call).flatMap(({ reports }) => reports.at(-1) ?? []);

export const failureReport = (call: Call): Report | null =>
  lastReports(call).find(({ data }) => data.outcome === 'failed') ?? null;
