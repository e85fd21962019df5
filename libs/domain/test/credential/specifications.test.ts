import { credential } from '@signalbox/domain';
import {
  aCredentialExpiry,
  anIssue,
  aRenewal,
  aRevocation,
  aRotation,
  credentialExpired,
  credentialTtlMs,
  graceMs,
  issued,
  renewed,
  renewedAt,
  revoked,
  revokedAt,
  rotated,
  rotatedAt,
  specFor,
  t0,
} from '@signalbox/testing';
import { describe, it } from 'vitest';

const given = specFor(credential);
const due = t0 + credentialTtlMs;
const hasExpired = { how: 'expired', endedAt: due } as const;
const wasRevoked = { how: 'revoked', endedAt: revokedAt } as const;

describe('issuing a credential', () => {
  it('records the sealed secret and how long it counts', () => {
    given().when(anIssue()).then(issued());
    given()
      .when(anIssue({ lifetime: 'sliding' }))
      .then(issued({ lifetime: 'sliding' }));
  });

  it('does nothing when the same secret is issued again', () => given(issued()).when(anIssue()).thenNothing());

  it('refuses a name that is taken', () =>
    given(issued())
      .when(anIssue({ sealedSecret: 'sealed-9' }))
      .thenRejected('credential_name_taken'));

  it('never gives a name twice, not even with the same secret after its end', () => {
    given(issued(), revoked()).when(anIssue()).thenRejected('credential_name_taken');
    given(issued(), credentialExpired()).when(anIssue()).thenRejected('credential_name_taken');
    given(issued())
      .when(anIssue({ now: due }))
      .thenRejected('credential_name_taken');
  });
});

describe('rotating a credential', () => {
  it('records the new secret, and until when the one before it counts', () =>
    given(issued()).when(aRotation()).then(rotated()));

  it('can end the secret before it at once', () =>
    given(issued())
      .when(aRotation({ graceMs: 0 }))
      .then(rotated({ previousValidUntil: rotatedAt })));

  it('may be done again and again', () =>
    given(issued(), rotated())
      .when(aRotation({ sealedSecret: 'sealed-3', now: rotatedAt + 1 }))
      .then(
        rotated({ sealedSecret: 'sealed-3', rotatedAt: rotatedAt + 1, previousValidUntil: rotatedAt + 1 + graceMs }),
      ));

  it('does nothing when the secret is that one already', () =>
    given(issued(), rotated())
      .when(aRotation({ now: rotatedAt + 1 }))
      .thenNothing());

  it('does not move the expiry', () => given(issued(), rotated()).when(aCredentialExpiry()).then(credentialExpired()));
});

describe('renewing a credential', () => {
  it('records the later expiry of a sliding one', () =>
    given(issued({ lifetime: 'sliding' }))
      .when(aRenewal())
      .then(renewed()));

  it('leaves a fixed one as it is', () =>
    given(issued({ lifetime: 'fixed' }))
      .when(aRenewal())
      .thenNothing());

  it('does nothing when the expiry is that one already', () =>
    given(issued({ lifetime: 'sliding' }), renewed())
      .when(aRenewal({ now: renewedAt + 1 }))
      .thenNothing());
});

describe('revoking a credential', () => {
  it('records who did and when', () => given(issued()).when(aRevocation()).then(revoked()));

  it('does nothing when it has been revoked, by whomever', () =>
    given(issued(), revoked())
      .when(aRevocation({ by: 'admin', now: due + 1 }))
      .thenNothing());

  it('comes too late for one that has expired', () =>
    given(issued(), credentialExpired()).when(aRevocation()).thenRejected('credential_ended', hasExpired));
});

describe('expiring a credential', () => {
  it('does nothing before the due time', () =>
    given(issued())
      .when(aCredentialExpiry({ now: due - 1 }))
      .thenNothing());

  it('records the due time and when it was noticed', () => {
    given(issued()).when(aCredentialExpiry()).then(credentialExpired());
    given(issued())
      .when(aCredentialExpiry({ now: due + 5 }))
      .then(credentialExpired({ expiredAt: due + 5 }));
  });

  it('goes by the due time of the last renewal', () => {
    const later = renewedAt + credentialTtlMs;
    const history = [issued({ lifetime: 'sliding' }), renewed()];
    given(...history)
      .when(aCredentialExpiry({ now: due }))
      .thenNothing();
    given(...history)
      .when(aCredentialExpiry({ now: later }))
      .then(credentialExpired({ dueAt: later, expiredAt: later }));
  });

  it('does nothing where there is none, or where it has ended', () => {
    given().when(aCredentialExpiry()).thenNothing();
    given(issued(), credentialExpired()).when(aCredentialExpiry()).thenNothing();
    given(issued(), revoked()).when(aCredentialExpiry()).thenNothing();
  });
});

describe.each([
  ['rotating', aRotation],
  ['renewing', aRenewal],
  ['revoking', aRevocation],
] as const)('%s', (doing, aCommand) => {
  it('needs a credential', () => given().when(aCommand()).thenRejected('credential_not_found'));

  it('comes too late at the instant of expiry, although the expiry is still to be recorded', () =>
    given(issued({ lifetime: 'sliding' }))
      .when(aCommand({ now: due }))
      .thenRejected('credential_ended', hasExpired));

  it('is refused after the end, with how and when it came', () => {
    given(issued(), credentialExpired())
      .when(aCommand({ now: due + 1 }))
      .thenRejected('credential_ended', hasExpired);
    if (doing === 'revoking') return; // a repeated revocation is no refusal: see above
    given(issued(), revoked())
      .when(aCommand({ now: due + 1 }))
      .thenRejected('credential_ended', wasRevoked);
  });
});
