import type { CredentialCommand, CredentialEvent } from '@signalbox/domain';
import { t0 } from './session.ts';

/** A credential that lives for a day, is rotated after an hour and used after two. Commands and events fit each other. */

type Command<T extends CredentialCommand['type']> = Extract<CredentialCommand, { readonly type: T }>;
type Event<T extends CredentialEvent['type']> = Extract<CredentialEvent, { readonly type: T }>;
type CommandOf<T extends CredentialCommand['type']> = (overrides?: Partial<Omit<Command<T>, 'type'>>) => Command<T>;
type EventOf<T extends CredentialEvent['type']> = (overrides?: Partial<Event<T>['data']>) => Event<T>;

const HOUR_MS = 3_600_000;

export const credentialTtlMs = 24 * HOUR_MS;
export const graceMs = HOUR_MS;
export const rotatedAt = t0 + HOUR_MS;
export const renewedAt = t0 + 2 * HOUR_MS;
export const revokedAt = t0 + 3 * HOUR_MS;

export const anIssue: CommandOf<'IssueCredential'> = (overrides) => ({
  type: 'IssueCredential',
  sealedSecret: 'sealed-1',
  expiresAt: t0 + credentialTtlMs,
  lifetime: 'fixed',
  now: t0,
  ...overrides,
});

export const issued: EventOf<'CredentialIssued'> = (overrides) => ({
  type: 'CredentialIssued',
  data: { sealedSecret: 'sealed-1', issuedAt: t0, expiresAt: t0 + credentialTtlMs, lifetime: 'fixed', ...overrides },
});

export const aRotation: CommandOf<'RotateCredential'> = (overrides) => ({
  type: 'RotateCredential',
  sealedSecret: 'sealed-2',
  graceMs,
  now: rotatedAt,
  ...overrides,
});

export const rotated: EventOf<'CredentialRotated'> = (overrides) => ({
  type: 'CredentialRotated',
  data: { sealedSecret: 'sealed-2', rotatedAt, previousValidUntil: rotatedAt + graceMs, ...overrides },
});

export const aRenewal: CommandOf<'RenewCredential'> = (overrides) => ({
  type: 'RenewCredential',
  expiresAt: renewedAt + credentialTtlMs,
  now: renewedAt,
  ...overrides,
});

export const renewed: EventOf<'CredentialRenewed'> = (overrides) => ({
  type: 'CredentialRenewed',
  data: { renewedAt, expiresAt: renewedAt + credentialTtlMs, ...overrides },
});

export const aRevocation: CommandOf<'RevokeCredential'> = (overrides) => ({
  type: 'RevokeCredential',
  by: 'alice',
  now: revokedAt,
  ...overrides,
});

export const revoked: EventOf<'CredentialRevoked'> = (overrides) => ({
  type: 'CredentialRevoked',
  data: { revokedAt, by: 'alice', ...overrides },
});

/** At the very moment at which the example credential is due. */
export const aCredentialExpiry: CommandOf<'ExpireCredential'> = (overrides) => ({
  type: 'ExpireCredential',
  now: t0 + credentialTtlMs,
  ...overrides,
});

export const credentialExpired: EventOf<'CredentialExpired'> = (overrides) => ({
  type: 'CredentialExpired',
  data: { dueAt: t0 + credentialTtlMs, expiredAt: t0 + credentialTtlMs, ...overrides },
});

export const credentialRedacted: EventOf<'CredentialRedacted'> = (overrides) => ({
  type: 'CredentialRedacted',
  data: { reason: 'erasure', policy: 'erasure-1', redactedAt: t0 + 48 * HOUR_MS, ...overrides },
});
