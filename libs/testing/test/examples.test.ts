import { credential, operations, session } from '@signalbox/domain';
import { describe, it } from 'vitest';
import * as an from '../src/index.ts';

const call = an.specFor(session);
const name = an.specFor(credential);

describe('the examples', () => {
  it('tell the story of a call, each command leading to its event', () => {
    call().when(an.anOffer()).then(an.offered());
    call(an.offered()).when(an.aRetag()).then(an.retagged());
    call(an.offered()).when(an.someCandidates()).then(an.candidatesHeld());
    call(an.offered()).when(an.anAnswer()).then(an.answered());
    call(an.offered(), an.answered()).when(an.someCandidates()).then(an.candidatesAdded());
    call(an.offered()).when(an.aWithdrawal()).then(an.withdrawn());
    call(an.offered()).when(an.anExpiry()).then(an.expired());
  });

  it('tell the story of a credential, each command leading to its event', () => {
    name().when(an.anIssue()).then(an.issued());
    name(an.issued()).when(an.aRotation()).then(an.rotated());
    name(an.issued({ lifetime: 'sliding' }))
      .when(an.aRenewal())
      .then(an.renewed());
    name(an.issued()).when(an.aRevocation()).then(an.revoked());
    name(an.issued()).when(an.aCredentialExpiry()).then(an.credentialExpired());
    an.specFor(operations)().when(an.aSweep()).then(an.swept());
  });
});
