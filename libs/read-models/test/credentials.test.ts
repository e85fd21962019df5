import {
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
  t0,
} from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { credentials } from '../src/projections/index.ts';
import { fold } from './fold.ts';

const active = {
  name: 'one',
  sealedSecret: 'sealed-1',
  previous: null,
  issuedAt: t0,
  expiresAt: t0 + credentialTtlMs,
  lifetime: 'fixed',
  endedAt: null,
};

describe('the credentials projection', () => {
  it('shows an issued credential under its name', () => {
    expect(fold(credentials, issued()).row).toEqual(active);
  });

  it('keeps only the secret before the last, with how long it counts', () => {
    const again = rotated({ sealedSecret: 'sealed-3', previousValidUntil: t0 + 9 });
    expect(fold(credentials, issued(), rotated()).row).toEqual({
      ...active,
      sealedSecret: 'sealed-2',
      previous: { sealedSecret: 'sealed-1', validUntil: rotatedAt + graceMs },
    });
    expect(fold(credentials, issued(), rotated(), again).row).toEqual({
      ...active,
      sealedSecret: 'sealed-3',
      previous: { sealedSecret: 'sealed-2', validUntil: t0 + 9 },
    });
  });

  it('shows a renewed expiry', () => {
    expect(fold(credentials, issued(), renewed()).row).toEqual({ ...active, expiresAt: renewedAt + credentialTtlMs });
  });

  it('marks the end: a revocation when it was made, an expiry at its due time', () => {
    expect(fold(credentials, issued(), revoked()).row).toEqual({ ...active, endedAt: revokedAt });
    const late = credentialExpired({ expiredAt: t0 + credentialTtlMs + 5_000 });
    expect(fold(credentials, issued(), late).row).toEqual({ ...active, endedAt: t0 + credentialTtlMs });
  });

  it('makes nothing of a stream whose beginning it has not seen', () => {
    for (const event of [rotated(), renewed(), revoked(), credentialExpired()]) {
      expect(fold(credentials, event).row).toBeUndefined();
    }
  });
});
