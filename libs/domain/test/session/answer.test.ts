import { session } from '@signalbox/domain';
import {
  aCandidate,
  anAnswer,
  answered,
  answeredAt,
  answeredTtlMs,
  candidatesAdded,
  candidatesHeld,
  expired,
  offered,
  offerTtlMs,
  retagged,
  specFor,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { describe, it } from 'vitest';

const given = specFor(session);
const due = t0 + offerTtlMs;

describe('answering an offer', () => {
  it('records the first answer, and how long the session lives from then on', () =>
    given(offered()).when(anAnswer()).then(answered()));

  it('can make the life of the session longer too', () =>
    given(offered())
      .when(anAnswer({ answeredTtlMs: 1_000_000 }))
      .then(answered({ expiresAt: answeredAt + 1_000_000 })));

  it("lets the session live out the offer's time when the answer sets none", () =>
    given(offered())
      .when(anAnswer({ answeredTtlMs: null }))
      .then(answered({ expiresAt: due })));

  it('may say nothing of tags, or that there were none', () => {
    given(offered())
      .when(anAnswer({ matchedTags: null }))
      .then(answered({ matchedTags: null }));
    given(offered())
      .when(anAnswer({ matchedTags: [] }))
      .then(answered({ matchedTags: [] }));
  });

  it('refuses tags that the offer does not carry, and names them', () =>
    given(offered({ tags: ['chat'] }))
      .when(anAnswer({ matchedTags: ['poker', 'chat', 'chess'] }))
      .thenRejected('tags_not_on_offer', { tags: ['poker', 'chess'] }));

  it('goes by the tags as they are now', () => {
    given(offered(), retagged({ tags: ['games'] }))
      .when(anAnswer({ matchedTags: ['chat'] }))
      .thenRejected('tags_not_on_offer', { tags: ['chat'] });
    given(offered(), retagged({ tags: ['games'] }))
      .when(anAnswer({ matchedTags: ['games'] }))
      .then(answered({ matchedTags: ['games'] }));
  });

  it('may be given by the publisher', () =>
    given(offered())
      .when(anAnswer({ by: 'alice' }))
      .then(answered({ answerer: 'alice' })));

  it('tells a loser who won and when', () =>
    given(offered(), answered())
      .when(anAnswer({ by: 'carol', now: answeredAt + 5 }))
      .thenRejected('offer_already_answered', { answerer: 'bob', answeredAt }));

  it('tells a loser so before it looks at the tags', () =>
    given(offered(), answered())
      .when(anAnswer({ by: 'carol', matchedTags: ['poker'] }))
      .thenRejected('offer_already_answered', { answerer: 'bob', answeredAt }));

  it('does nothing when the winner repeats the same answer', () =>
    given(offered(), answered())
      .when(anAnswer({ now: answeredAt + 5 }))
      .thenNothing());

  it('refuses another answer, of the winner too', () =>
    given(offered(), answered())
      .when(anAnswer({ sdp: 'v=0' }))
      .thenRejected('offer_already_answered', { answerer: 'bob', answeredAt }));

  it('is possible in the last millisecond and no more at the instant of expiry', () => {
    given(offered())
      .when(anAnswer({ now: due - 1 }))
      .then(answered({ answeredAt: due - 1, expiresAt: due - 1 + answeredTtlMs }));
    given(offered())
      .when(anAnswer({ now: due }))
      .thenRejected('offer_not_found');
  });

  it('finds no session where there is none, or where it has ended', () => {
    given().when(anAnswer()).thenRejected('offer_not_found');
    given(offered(), withdrawn()).when(anAnswer()).thenRejected('offer_not_found');
    given(offered(), expired()).when(anAnswer()).thenRejected('offer_not_found');
  });

  it('tells the winner who repeats the answer too late that the session has ended', () => {
    const ended = answeredAt + answeredTtlMs;
    given(offered(), answered())
      .when(anAnswer({ now: ended }))
      .thenRejected('session_ended', { how: 'expired', endedAt: ended });
  });
});

describe('answering after having sent candidates ahead', () => {
  const one = candidatesHeld({ candidates: [aCandidate(1), aCandidate(2)], batchId: 'batch-1' });
  const two = candidatesHeld({ candidates: [aCandidate(3)], batchId: 'batch-2' });
  const ofCarol = candidatesHeld({ identity: 'carol', candidates: [aCandidate(9)], batchId: 'batch-9' });
  const promoted = candidatesAdded({
    candidates: [aCandidate(1), aCandidate(2), aCandidate(3)],
    firstIndex: 0,
    batchId: 'batch-2',
  });

  it("makes what the winner sent the answerer's, in order, in the same append", () =>
    given(offered(), one, ofCarol, two).when(anAnswer()).then(answered(), promoted));

  it("leaves everyone else's where nobody sees them", () =>
    given(offered(), ofCarol).when(anAnswer()).then(answered()));
});
