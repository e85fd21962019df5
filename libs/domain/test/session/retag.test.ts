import { session } from '@signalbox/domain';
import { answered, aRetag, offered, offerTtlMs, retagged, specFor, t0, withdrawn } from '@signalbox/testing';
import { describe, it } from 'vitest';

const given = specFor(session);

describe('retagging a session', () => {
  it('records the new tags, before and after the answer', () => {
    given(offered()).when(aRetag()).then(retagged());
    given(offered(), answered()).when(aRetag()).then(retagged());
  });

  it('takes the order of the tags for part of them', () => {
    given(offered({ tags: ['a', 'b'] }))
      .when(aRetag({ tags: ['b', 'a'] }))
      .then(retagged({ tags: ['b', 'a'] }));
  });

  it('takes fewer tags for other tags, and none at all too', () => {
    given(offered({ tags: ['a', 'b'] }))
      .when(aRetag({ tags: ['a'] }))
      .then(retagged({ tags: ['a'] }));
    given(offered())
      .when(aRetag({ tags: [] }))
      .then(retagged({ tags: [] }));
  });

  it('does nothing when the tags are these already', () => {
    given(offered({ tags: ['games'] }))
      .when(aRetag())
      .thenNothing();
    given(offered(), retagged())
      .when(aRetag({ now: t0 + 900 }))
      .thenNothing();
  });

  it('is for the publisher alone', () => {
    given(offered())
      .when(aRetag({ by: 'bob' }))
      .thenRejected('not_authorized');
    given(offered(), answered())
      .when(aRetag({ by: 'bob' }))
      .thenRejected('not_authorized');
  });

  it('needs a session that lives', () => {
    given().when(aRetag()).thenRejected('offer_not_found');
    given(offered(), withdrawn())
      .when(aRetag())
      .thenRejected('session_ended', { how: 'withdrawn', endedAt: t0 + 2_000 });
    given(offered())
      .when(aRetag({ now: t0 + offerTtlMs }))
      .thenRejected('session_ended', { how: 'expired', endedAt: t0 + offerTtlMs });
  });
});
