import { type CredentialEvent, credential } from '@signalbox/domain';
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

const stateAfter = (...events: readonly CredentialEvent[]) => events.reduce(credential.evolve, credential.initial);
const every: readonly CredentialEvent[] = [issued(), rotated(), renewed(), revoked(), credentialExpired()];

describe('the state of a credential', () => {
  it('is absent at first', () => expect(stateAfter()).toStrictEqual({ status: 'absent' }));

  it('holds the secret, the one before it in its grace period, and the expiry', () => {
    const active = {
      status: 'active',
      sealedSecret: 'sealed-1',
      previous: null,
      issuedAt: t0,
      expiresAt: t0 + credentialTtlMs,
      lifetime: 'sliding',
    };
    expect(stateAfter(issued({ lifetime: 'sliding' }))).toStrictEqual(active);
    expect(stateAfter(issued({ lifetime: 'sliding' }), rotated(), renewed())).toStrictEqual({
      ...active,
      sealedSecret: 'sealed-2',
      previous: { sealedSecret: 'sealed-1', validUntil: rotatedAt + graceMs },
      expiresAt: renewedAt + credentialTtlMs,
    });
  });

  it('keeps no secret after the end', () => {
    expect(stateAfter(issued(), rotated(), revoked())).toStrictEqual({
      status: 'ended',
      how: 'revoked',
      endedAt: revokedAt,
    });
    expect(stateAfter(issued(), credentialExpired({ expiredAt: t0 + credentialTtlMs + 900 }))).toStrictEqual({
      status: 'ended',
      how: 'expired',
      endedAt: t0 + credentialTtlMs,
    });
  });

  it.each([
    ['absent', [], every.slice(1)],
    ['active', [issued()], [issued({ sealedSecret: 'sealed-9' })]],
    ['ended', [issued(), revoked()], every],
  ] as const)('stays as it is, when %s, at an event that does not fit', (_, history, misfits) => {
    const state = stateAfter(...history);
    for (const misfit of misfits) expect(credential.evolve(state, misfit)).toBe(state);
  });

  it('is over for good once it has ended, and not before', () => {
    expect(credential.isTerminal(stateAfter())).toBe(false);
    expect(credential.isTerminal(stateAfter(issued(), rotated()))).toBe(false);
    expect(credential.isTerminal(stateAfter(issued(), revoked()))).toBe(true);
    expect(credential.isTerminal(stateAfter(issued(), credentialExpired()))).toBe(true);
  });
});
