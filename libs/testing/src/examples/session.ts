import type { Opaque, SessionCommand, SessionEvent } from '@signalbox/domain';

/**
 * A call between alice, who offers, and bob, who answers a second later. Each builder gives the whole example, with
 * what the test cares for put in its place; command and event fit each other: `anOffer()` leads to `offered()`.
 */

type Command<T extends SessionCommand['type']> = Extract<SessionCommand, { readonly type: T }>;
type Event<T extends SessionEvent['type']> = Extract<SessionEvent, { readonly type: T }>;
type CommandOf<T extends SessionCommand['type']> = (overrides?: Partial<Omit<Command<T>, 'type'>>) => Command<T>;
type EventOf<T extends SessionEvent['type']> = (overrides?: Partial<Event<T>['data']>) => Event<T>;

/** When the examples begin, in epoch milliseconds. */
export const t0 = 1_700_000_000_000;
/** How long the example offer lives, and how long the session lives on from its answer. */
export const offerTtlMs = 60_000;
export const answeredTtlMs = 30_000;
/** When the example offer is answered, and when bob's candidate comes. */
export const answeredAt = t0 + 1_000;

export const sdpOffer = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=setup:actpass\r\n';
export const sdpAnswer = 'v=0\r\no=- 2 1 IN IP4 192.0.2.2\r\ns=-\r\nt=0 0\r\na=setup:active\r\n';

export const aCandidate = (port = 50_000): Opaque => ({
  candidate: `candidate:1 1 UDP 2122252543 192.0.2.1 ${port} typ host`,
  sdpMid: '0',
  sdpMLineIndex: 0,
});

export const anOffer: CommandOf<'PublishOffer'> = (overrides) => ({
  type: 'PublishOffer',
  by: 'alice',
  tags: ['chat', 'de'],
  service: null,
  sdp: sdpOffer,
  ttlMs: offerTtlMs,
  now: t0,
  ...overrides,
});

export const offered: EventOf<'OfferPublished'> = (overrides) => ({
  type: 'OfferPublished',
  data: {
    publisher: 'alice',
    tags: ['chat', 'de'],
    service: null,
    sdp: sdpOffer,
    publishedAt: t0,
    expiresAt: t0 + offerTtlMs,
    ...overrides,
  },
});

export const aRetag: CommandOf<'RetagSession'> = (overrides) => ({
  type: 'RetagSession',
  by: 'alice',
  tags: ['games'],
  now: t0 + 500,
  ...overrides,
});

export const retagged: EventOf<'SessionRetagged'> = (overrides) => ({
  type: 'SessionRetagged',
  data: { tags: ['games'], retaggedAt: t0 + 500, ...overrides },
});

export const anAnswer: CommandOf<'AnswerOffer'> = (overrides) => ({
  type: 'AnswerOffer',
  by: 'bob',
  sdp: sdpAnswer,
  matchedTags: ['chat'],
  answeredTtlMs,
  now: answeredAt,
  ...overrides,
});

export const answered: EventOf<'OfferAnswered'> = (overrides) => ({
  type: 'OfferAnswered',
  data: {
    answerer: 'bob',
    sdp: sdpAnswer,
    matchedTags: ['chat'],
    answeredAt,
    expiresAt: answeredAt + answeredTtlMs,
    ...overrides,
  },
});

/** One candidate of bob's. */
export const someCandidates: CommandOf<'AddCandidates'> = (overrides) => ({
  type: 'AddCandidates',
  by: 'bob',
  candidates: [aCandidate()],
  batchId: 'batch-1',
  maxPerRole: 50,
  now: answeredAt,
  ...overrides,
});

export const candidatesAdded: EventOf<'CandidatesAdded'> = (overrides) => ({
  type: 'CandidatesAdded',
  data: {
    role: 'answerer',
    identity: 'bob',
    candidates: [aCandidate()],
    firstIndex: 0,
    batchId: 'batch-1',
    addedAt: answeredAt,
    ...overrides,
  },
});

export const candidatesHeld: EventOf<'CandidatesHeld'> = (overrides) => ({
  type: 'CandidatesHeld',
  data: {
    identity: 'bob',
    candidates: [aCandidate()],
    batchId: 'batch-1',
    heldAt: answeredAt,
    evicted: null,
    ...overrides,
  },
});

export const aWithdrawal: CommandOf<'WithdrawSession'> = (overrides) => ({
  type: 'WithdrawSession',
  by: 'alice',
  reason: 'withdrawn',
  now: t0 + 2_000,
  ...overrides,
});

export const withdrawn: EventOf<'SessionWithdrawn'> = (overrides) => ({
  type: 'SessionWithdrawn',
  data: { reason: 'withdrawn', withdrawnAt: t0 + 2_000, ...overrides },
});

/** At the very moment at which the unanswered example offer is due. */
export const anExpiry: CommandOf<'ExpireSession'> = (overrides) => ({
  type: 'ExpireSession',
  now: t0 + offerTtlMs,
  ...overrides,
});

export const expired: EventOf<'SessionExpired'> = (overrides) => ({
  type: 'SessionExpired',
  data: { dueAt: t0 + offerTtlMs, was: 'open', expiredAt: t0 + offerTtlMs, ...overrides },
});

export const redacted: EventOf<'SessionRedacted'> = (overrides) => ({
  type: 'SessionRedacted',
  data: { reason: 'erasure', policy: 'erasure-1', redactedAt: t0 + 100_000, ...overrides },
});
