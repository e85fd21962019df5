import { session } from '@signalbox/domain';
import { anOffer, answered, expired, offered, offerTtlMs, specFor, t0, withdrawn } from '@signalbox/testing';
import { describe, it } from 'vitest';

const given = specFor(session);

describe('publishing an offer', () => {
  it('records who offers what, and until when', () =>
    given()
      .when(anOffer({ by: 'carol', tags: [], sdp: 'v=0', ttlMs: 5, now: 7 }))
      .then(offered({ publisher: 'carol', tags: [], sdp: 'v=0', publishedAt: 7, expiresAt: 12 })));

  it('records the service that it stands for', () => {
    const service = { name: 'chat', version: '1.2.0' };
    given().when(anOffer({ service })).then(offered({ service }));
  });

  it('does nothing when the same offer comes again', () => given(offered()).when(anOffer()).thenNothing());

  it.each([
    ['someone else', { by: 'mallory' }],
    ['another description', { sdp: 'v=0' }],
    ['another time', { now: t0 + 1 }],
  ])('refuses an id that is taken: %s', (_, other) =>
    given(offered()).when(anOffer(other)).thenRejected('session_exists'),
  );

  it('never gives an id twice, also after the answer and after the end', () => {
    given(offered(), answered()).when(anOffer()).thenRejected('session_exists');
    given(offered(), withdrawn()).when(anOffer()).thenRejected('session_exists');
    given(offered(), expired()).when(anOffer()).thenRejected('session_exists');
    given(offered())
      .when(anOffer({ now: t0 + offerTtlMs }))
      .thenRejected('session_exists');
  });
});
