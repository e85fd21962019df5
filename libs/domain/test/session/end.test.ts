import { type SessionEvent, session } from '@signalbox/domain';
import {
  anExpiry,
  answered,
  answeredAt,
  answeredTtlMs,
  aWithdrawal,
  expired,
  offered,
  offerTtlMs,
  specFor,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { describe, expect, it } from 'vitest';

const given = specFor(session);
const due = t0 + offerTtlMs;

describe('withdrawing a session', () => {
  it('records that the publisher did, and why, before and after the answer', () => {
    given(offered()).when(aWithdrawal()).then(withdrawn());
    given(offered(), answered())
      .when(aWithdrawal({ reason: 'replaced' }))
      .then(withdrawn({ reason: 'replaced' }));
  });

  it('does nothing when it has been withdrawn, for whatever reason and whenever', () => {
    given(offered(), withdrawn()).when(aWithdrawal()).thenNothing();
    given(offered(), withdrawn())
      .when(aWithdrawal({ reason: 'replaced', now: due + 1 }))
      .thenNothing();
  });

  it('is for the publisher alone', () => {
    given(offered())
      .when(aWithdrawal({ by: 'mallory' }))
      .thenRejected('not_authorized');
    given(offered(), answered())
      .when(aWithdrawal({ by: 'bob' }))
      .thenRejected('not_authorized');
  });

  it('finds no session where there is none', () => given().when(aWithdrawal()).thenRejected('offer_not_found'));

  it('tells only the parties that it has ended, how and when', () => {
    const byWithdrawal = [offered(), answered(), withdrawn()];
    given(...byWithdrawal)
      .when(aWithdrawal({ by: 'bob' }))
      .thenRejected('session_ended', { how: 'withdrawn', endedAt: t0 + 2_000 });
    given(...byWithdrawal)
      .when(aWithdrawal({ by: 'mallory' }))
      .thenRejected('offer_not_found');
    given(offered(), expired({ expiredAt: due + 900 }))
      .when(aWithdrawal())
      .thenRejected('session_ended', { how: 'expired', endedAt: due });
    given(offered(), withdrawn())
      .when(aWithdrawal({ by: 'bob' }))
      .thenRejected('offer_not_found');
  });

  it('comes too late at the instant of expiry, although the expiry is still to be recorded', () => {
    given(offered())
      .when(aWithdrawal({ now: due - 1 }))
      .then(withdrawn({ withdrawnAt: due - 1 }));
    given(offered())
      .when(aWithdrawal({ now: due }))
      .thenRejected('session_ended', { how: 'expired', endedAt: due });
    given(offered())
      .when(aWithdrawal({ by: 'mallory', now: due }))
      .thenRejected('offer_not_found');
  });
});

describe('expiring a session', () => {
  it('does nothing before the due time', () =>
    given(offered())
      .when(anExpiry({ now: due - 1 }))
      .thenNothing());

  it('records the due time and when it was noticed', () => {
    given(offered()).when(anExpiry()).then(expired());
    given(offered())
      .when(anExpiry({ now: due + 86_400_000 }))
      .then(expired({ expiredAt: due + 86_400_000 }));
  });

  it('goes by the due time that the answer set when that is sooner', () => {
    const sooner = answeredAt + answeredTtlMs;
    given(offered(), answered())
      .when(anExpiry({ now: sooner - 1 }))
      .thenNothing();
    given(offered(), answered())
      .when(anExpiry({ now: due }))
      .then(expired({ dueAt: sooner, was: 'answered', expiredAt: due }));
  });

  it('goes by the due time that the answer set when that is later', () => {
    const later = due + 5_000;
    given(offered(), answered({ expiresAt: later }))
      .when(anExpiry({ now: due }))
      .thenNothing();
    given(offered(), answered({ expiresAt: later }))
      .when(anExpiry({ now: later }))
      .then(expired({ dueAt: later, was: 'answered', expiredAt: later }));
  });

  it('does nothing where there is no session, or where it has ended', () => {
    given().when(anExpiry()).thenNothing();
    given(offered(), expired()).when(anExpiry()).thenNothing();
    given(offered(), withdrawn()).when(anExpiry()).thenNothing();
  });
});

describe('a session', () => {
  it('is over for good once it has ended, and not before', () => {
    const stateAfter = (...events: readonly SessionEvent[]) => events.reduce(session.evolve, session.initial);
    expect(session.isTerminal(stateAfter())).toBe(false);
    expect(session.isTerminal(stateAfter(offered()))).toBe(false);
    expect(session.isTerminal(stateAfter(offered(), answered()))).toBe(false);
    expect(session.isTerminal(stateAfter(offered(), withdrawn()))).toBe(true);
    expect(session.isTerminal(stateAfter(offered(), answered(), expired()))).toBe(true);
  });
});
