import { MAX_IDENTITIES_HELD, MAX_TIMES_HELD, type SessionEvent, session } from '@signalbox/domain';
import {
  aCandidate,
  answered,
  answeredAt,
  answeredTtlMs,
  candidatesAdded,
  candidatesHeld,
  expired,
  offered,
  offerTtlMs,
  someCandidates,
  specFor,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { describe, it } from 'vitest';

const given = specFor(session);
const candidates = (count: number, from = 1) => Array.from({ length: count }, (_, i) => aCandidate(from + i));
const ofOfferer = { role: 'offerer', identity: 'alice' } as const;

describe('trickling as a party', () => {
  it("records the offerer's, before and after the answer", () => {
    given(offered())
      .when(someCandidates({ by: 'alice' }))
      .then(candidatesAdded(ofOfferer));
    given(offered(), answered())
      .when(someCandidates({ by: 'alice' }))
      .then(candidatesAdded(ofOfferer));
  });

  it("records the answerer's once there is one", () =>
    given(offered(), answered()).when(someCandidates()).then(candidatesAdded()));

  it('numbers the candidates of each role from 0 without a gap', () => {
    const history = [
      offered(),
      candidatesAdded({ ...ofOfferer, candidates: candidates(2), batchId: 'a-1' }),
      answered(),
      candidatesAdded({ candidates: candidates(3), batchId: 'b-1' }),
    ];
    given(...history)
      .when(someCandidates({ by: 'alice', batchId: 'a-2' }))
      .then(candidatesAdded({ ...ofOfferer, batchId: 'a-2', firstIndex: 2 }));
    given(...history)
      .when(someCandidates({ batchId: 'b-2' }))
      .then(candidatesAdded({ batchId: 'b-2', firstIndex: 3 }));
  });

  it('keeps any JSON value as it is', () => {
    const odd = [null, true, 0, '', [], {}, '\ud800', { constructor: [{ a: null }] }, JSON.parse('{"__proto__": 1}')];
    given(offered(), answered())
      .when(someCandidates({ candidates: odd }))
      .then(candidatesAdded({ candidates: odd }));
  });

  it('does nothing when a batch comes again, however much later', () => {
    const history = [
      offered(),
      answered(),
      candidatesAdded({ batchId: 'b-1' }),
      candidatesAdded({ batchId: 'b-2', firstIndex: 1 }),
    ];
    given(...history)
      .when(someCandidates({ batchId: 'b-1', maxPerRole: 2, now: answeredAt + 9_000 }))
      .thenNothing();
  });

  it('does not mistake a batch of the other party for its own', () =>
    given(offered(), candidatesAdded(ofOfferer), answered()).when(someCandidates()).then(candidatesAdded()));

  it('allows as many as the limit and not one more, and takes a batch whole or not at all', () => {
    const history = [offered(), answered(), candidatesAdded({ candidates: candidates(2), batchId: 'b-1' })];
    given(...history)
      .when(someCandidates({ candidates: candidates(3), batchId: 'b-2', maxPerRole: 5 }))
      .then(candidatesAdded({ candidates: candidates(3), batchId: 'b-2', firstIndex: 2 }));
    given(...history)
      .when(someCandidates({ candidates: candidates(4), batchId: 'b-2', maxPerRole: 5 }))
      .thenRejected('too_many_candidates', { limit: 5, have: 2 });
  });

  it('counts each role for itself, so that one party cannot starve the other', () => {
    const full = candidatesAdded({ ...ofOfferer, candidates: candidates(5) });
    given(offered(), full)
      .when(someCandidates({ by: 'alice', batchId: 'a-2', maxPerRole: 5 }))
      .thenRejected('too_many_candidates', { limit: 5, have: 5 });
    given(offered(), full, answered())
      .when(someCandidates({ maxPerRole: 5 }))
      .then(candidatesAdded());
  });

  it('counts what was sent ahead of the answer', () => {
    const ahead = candidates(4);
    const history = [
      offered(),
      candidatesHeld({ candidates: ahead }),
      answered(),
      candidatesAdded({ candidates: ahead, batchId: 'batch-1' }),
    ];
    given(...history)
      .when(someCandidates({ candidates: candidates(1, 5), batchId: 'batch-2', maxPerRole: 5 }))
      .then(candidatesAdded({ candidates: candidates(1, 5), batchId: 'batch-2', firstIndex: 4 }));
    given(...history)
      .when(someCandidates({ candidates: candidates(2, 5), batchId: 'batch-2', maxPerRole: 5 }))
      .thenRejected('too_many_candidates', { limit: 5, have: 4 });
  });

  it('does nothing when a batch that was sent ahead of the answer comes again after it', () => {
    const history = [
      offered(),
      candidatesHeld({ candidates: candidates(1), batchId: 'batch-1' }),
      candidatesHeld({ candidates: candidates(1, 2), batchId: 'batch-2' }),
      answered(),
      candidatesAdded({ candidates: candidates(2), batchId: 'batch-2' }),
    ];
    given(...history)
      .when(someCandidates({ batchId: 'batch-1' }))
      .thenNothing();
    given(...history)
      .when(someCandidates({ batchId: 'batch-2' }))
      .thenNothing();
  });

  it('counts whoever answers the own offer as the offerer', () =>
    given(offered(), answered({ answerer: 'alice' }))
      .when(someCandidates({ by: 'alice' }))
      .then(candidatesAdded(ofOfferer)));
});

describe('trickling before there is an answer', () => {
  it('is held for whoever it is', () => {
    given(offered()).when(someCandidates()).then(candidatesHeld());
    given(offered(), candidatesHeld())
      .when(someCandidates({ by: 'mallory' }))
      .then(candidatesHeld({ identity: 'mallory' }));
  });

  it('does nothing when the same identity sends a batch again', () =>
    given(offered(), candidatesHeld(), candidatesHeld({ batchId: 'batch-2' }))
      .when(someCandidates())
      .thenNothing());

  it('is bounded for each identity', () => {
    const history = [offered(), candidatesHeld({ candidates: candidates(3) })];
    given(...history)
      .when(someCandidates({ candidates: candidates(2), batchId: 'batch-2', maxPerRole: 5 }))
      .then(candidatesHeld({ candidates: candidates(2), batchId: 'batch-2' }));
    given(...history)
      .when(someCandidates({ candidates: candidates(3), batchId: 'batch-2', maxPerRole: 5 }))
      .thenRejected('too_many_candidates', { limit: 5, have: 3 });
  });

  it("uses up nobody's quota, neither the offerer's nor another's", () => {
    const history = [offered(), candidatesHeld({ identity: 'mallory', candidates: candidates(5) })];
    given(...history)
      .when(someCandidates({ by: 'alice', candidates: candidates(5), maxPerRole: 5 }))
      .then(candidatesAdded({ ...ofOfferer, candidates: candidates(5) }));
    given(...history)
      .when(someCandidates({ candidates: candidates(5), maxPerRole: 5 }))
      .then(candidatesHeld({ candidates: candidates(5) }));
    given(...history, answered())
      .when(someCandidates({ candidates: candidates(5), maxPerRole: 5 }))
      .then(candidatesAdded({ candidates: candidates(5) }));
  });
});

describe('holding for many', () => {
  const heldFor = (name: (i: number) => string, count: number): SessionEvent[] =>
    Array.from({ length: count }, (_, i) => candidatesHeld({ identity: name(i) }));
  const crowd = heldFor((i) => `stranger-${i}`, MAX_IDENTITIES_HELD);

  it('gives the last place without pushing anyone out', () =>
    given(offered(), ...crowd.slice(1))
      .when(someCandidates())
      .then(candidatesHeld()));

  it('pushes out whoever sent longest ago', () => {
    given(offered(), ...crowd)
      .when(someCandidates())
      .then(candidatesHeld({ evicted: 'stranger-0' }));
    given(offered(), ...crowd, candidatesHeld({ identity: 'stranger-0', batchId: 'batch-2' }))
      .when(someCandidates())
      .then(candidatesHeld({ evicted: 'stranger-1' }));
  });

  it('pushes nobody out for one who has a place', () =>
    given(offered(), ...crowd)
      .when(someCandidates({ by: 'stranger-7', batchId: 'batch-2' }))
      .then(candidatesHeld({ identity: 'stranger-7', batchId: 'batch-2' })));

  it('holds afresh what comes again from one who was pushed out', () =>
    given(offered(), ...crowd, candidatesHeld({ evicted: 'stranger-0' }))
      .when(someCandidates({ by: 'stranger-0' }))
      .then(candidatesHeld({ identity: 'stranger-0', evicted: 'stranger-1' })));

  it('ends after a thousand times, whoever they were, but not for the parties', () => {
    const flood = heldFor((i) => `stranger-${i % 3}`, MAX_TIMES_HELD);
    given(offered(), ...flood.slice(1))
      .when(someCandidates())
      .then(candidatesHeld());
    given(offered(), ...flood)
      .when(someCandidates())
      .thenRejected('too_many_candidates', { limit: MAX_TIMES_HELD, have: MAX_TIMES_HELD });
    given(offered(), ...flood)
      .when(someCandidates({ by: 'alice' }))
      .then(candidatesAdded(ofOfferer));
    given(offered(), ...flood, answered())
      .when(someCandidates())
      .then(candidatesAdded());
  });
});

describe('trickling where one may not', () => {
  it('is refused to a stranger after the answer, also one whose candidates were held', () => {
    given(offered(), answered())
      .when(someCandidates({ by: 'mallory' }))
      .thenRejected('not_authorized');
    given(offered(), candidatesHeld({ identity: 'mallory' }), answered())
      .when(someCandidates({ by: 'mallory' }))
      .thenRejected('not_authorized');
  });

  it('needs a session, and one that lives, whose end only the parties are told', () => {
    given().when(someCandidates()).thenRejected('offer_not_found');
    const history = [offered(), answered(), withdrawn()];
    const told = { how: 'withdrawn', endedAt: t0 + 2_000 } as const;
    given(...history)
      .when(someCandidates())
      .thenRejected('session_ended', told);
    given(...history)
      .when(someCandidates({ by: 'alice' }))
      .thenRejected('session_ended', told);
    given(...history)
      .when(someCandidates({ by: 'mallory' }))
      .thenRejected('offer_not_found');
    given(offered(), candidatesHeld(), expired()).when(someCandidates()).thenRejected('offer_not_found');
  });

  it('is over at the instant of expiry, before and after the answer', () => {
    const due = t0 + offerTtlMs;
    given(offered())
      .when(someCandidates({ by: 'alice', now: due }))
      .thenRejected('session_ended', { how: 'expired', endedAt: due });
    given(offered(), candidatesHeld())
      .when(someCandidates({ now: due, batchId: 'batch-2' }))
      .thenRejected('offer_not_found');
    const dueThen = answeredAt + answeredTtlMs;
    given(offered(), answered())
      .when(someCandidates({ now: dueThen }))
      .thenRejected('session_ended', { how: 'expired', endedAt: dueThen });
  });
});
