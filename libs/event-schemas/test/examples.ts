import type { DomainEvent } from '@signalbox/domain';

/**
 * One event of every type, in its newest shape, as it stands in the golden file of its newest version. A type without
 * an example does not compile. Example and golden stay as they are for ever; a new version gets a new golden file.
 */
export const examples: { readonly [T in DomainEvent['type']]: Extract<DomainEvent, { readonly type: T }>['data'] } = {
  OfferPublished: {
    publisher: 'alice',
    tags: ['chat', 'grüezi-日本-😀'],
    service: { name: 'chat', version: '1.2.0' },
    sdp: 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n',
    publishedAt: 1_700_000_000_000,
    expiresAt: 1_700_000_060_000,
  },
  SessionRetagged: { tags: [], retaggedAt: 1_700_000_000_500 },
  OfferAnswered: {
    answerer: '3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29',
    sdp: 'v=0\r\no=- 2 1 IN IP4 192.0.2.2\r\ns=-\r\n',
    matchedTags: null,
    answeredAt: 1_700_000_001_000,
    expiresAt: 1_700_000_031_000,
  },
  CandidatesAdded: {
    role: 'answerer',
    identity: 'bob',
    candidates: [
      { candidate: 'candidate:1 1 UDP 2122252543 192.0.2.2 50000 typ host', sdpMid: '0', sdpMLineIndex: 0 },
      { ['__proto__']: { constructor: null }, toString: [1.5, -2e-7, true] },
      'a lone \ud800 surrogate, \u0000 and \u2028',
      null,
    ],
    firstIndex: 3,
    batchId: '0191b1e0-8c4f-7c3e-9d59-2a4b6c8d0e1f',
    addedAt: 1_700_000_001_200,
  },
  CandidatesHeld: {
    identity: 'bob',
    candidates: [{ candidate: '' }],
    batchId: 'batch-1',
    heldAt: 1_700_000_000_900,
    evicted: 'mallory',
  },
  SessionWithdrawn: { reason: 'replaced', withdrawnAt: 1_700_000_002_000 },
  SessionExpired: { dueAt: 1_700_000_031_000, was: 'answered', expiredAt: 1_700_000_031_004 },
  CredentialIssued: {
    sealedSecret: 'v1.mk-1.c2VhbGVkLXNlY3JldA',
    issuedAt: 1_700_000_000_000,
    expiresAt: 1_700_086_400_000,
    lifetime: 'sliding',
  },
  CredentialRotated: {
    sealedSecret: 'v1.mk-1.YW5vdGhlci1zZWNyZXQ',
    rotatedAt: 1_700_003_600_000,
    previousValidUntil: 1_700_007_200_000,
  },
  CredentialRenewed: { renewedAt: 1_700_007_200_000, expiresAt: 1_700_093_600_000 },
  CredentialRevoked: { revokedAt: 1_700_010_800_000, by: 'admin' },
  CredentialExpired: { dueAt: 1_700_086_400_000, expiredAt: 1_700_086_400_001 },
  SweepCompleted: {
    sweepId: '0191b1e0-8c4f-7c3e-9d59-2a4b6c8d0e20',
    startedAt: 1_700_000_000_000,
    finishedAt: 1_700_000_000_020,
    removed: { sessions: 1, credentials: 6, nonces: 2, idempotencyRecords: 3, rateLimits: 4, tokens: 5 },
  },
};
