import { accept, type Decider, type Decision, reject } from '@signalbox/event-sourcing';

/** What can happen to a credential: a name with a secret. Names are stored for ever; times are epoch milliseconds. */
export type CredentialEvent =
  | {
      readonly type: 'CredentialIssued';
      readonly data: {
        /** The secret as the vault sealed it; the log never holds it in the clear. */
        readonly sealedSecret: string;
        readonly issuedAt: number;
        readonly expiresAt: number;
        /** `sliding`: use moves the expiry, as Rondevu's clients expect. `fixed`: it ends when it was said to. */
        readonly lifetime: 'fixed' | 'sliding';
      };
    }
  | {
      readonly type: 'CredentialRotated';
      readonly data: {
        readonly sealedSecret: string;
        readonly rotatedAt: number;
        /** Until then the secret before this one works too. */
        readonly previousValidUntil: number;
      };
    }
  | { readonly type: 'CredentialRenewed'; readonly data: { readonly renewedAt: number; readonly expiresAt: number } }
  | { readonly type: 'CredentialRevoked'; readonly data: { readonly revokedAt: number; readonly by: string } }
  /** Compensating: recorded by the scheduler. */
  | { readonly type: 'CredentialExpired'; readonly data: { readonly dueAt: number; readonly expiredAt: number } }
  /** Compensating: the key of everything above was destroyed. Never sealed, so that it stays readable. */
  | {
      readonly type: 'CredentialRedacted';
      readonly data: {
        readonly reason: 'retention' | 'erasure';
        /** What asked for it: the retention that applied, or the id of the erasure. */
        readonly policy: string;
        readonly redactedAt: number;
      };
    };

export type CredentialCommand =
  | {
      readonly type: 'IssueCredential';
      readonly sealedSecret: string;
      readonly expiresAt: number;
      readonly lifetime: 'fixed' | 'sliding';
      readonly now: number;
    }
  | { readonly type: 'RotateCredential'; readonly sealedSecret: string; readonly graceMs: number; readonly now: number }
  | { readonly type: 'RenewCredential'; readonly expiresAt: number; readonly now: number }
  | { readonly type: 'RevokeCredential'; readonly by: string; readonly now: number }
  | { readonly type: 'ExpireCredential'; readonly now: number }
  | {
      /** The credential exists; nothing of what it was need be readable any more. */
      readonly type: 'RedactCredential';
      readonly reason: 'retention' | 'erasure';
      readonly policy: string;
      readonly now: number;
    };

export type CredentialRejection =
  | { readonly code: 'credential_name_taken' }
  | { readonly code: 'credential_not_found' }
  | { readonly code: 'credential_ended'; readonly how: 'revoked' | 'expired'; readonly endedAt: number };

export type Active = {
  readonly status: 'active';
  readonly sealedSecret: string;
  readonly previous: { readonly sealedSecret: string; readonly validUntil: number } | null;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly lifetime: 'fixed' | 'sliding';
};

export type Credential =
  | { readonly status: 'absent' }
  | Active
  | { readonly status: 'ended'; readonly how: 'revoked' | 'expired' | 'redacted'; readonly endedAt: number };

type CredentialDecision = Decision<CredentialEvent, CredentialRejection>;
type Command<T extends CredentialCommand['type']> = Extract<CredentialCommand, { readonly type: T }>;

/** A name is never given twice, not even after its end: whoever held it must not find a stranger in its place. */
const issue = (c: Command<'IssueCredential'>, s: Credential): CredentialDecision => {
  if (s.status === 'absent') {
    const { sealedSecret, expiresAt, lifetime } = c;
    return accept({ type: 'CredentialIssued', data: { sealedSecret, issuedAt: c.now, expiresAt, lifetime } });
  }
  const repeats = s.status === 'active' && s.sealedSecret === c.sealedSecret;
  return repeats ? accept() : reject({ code: 'credential_name_taken' });
};

const rotate = (c: Command<'RotateCredential'>, s: Active): CredentialDecision =>
  s.sealedSecret === c.sealedSecret
    ? accept()
    : accept({
        type: 'CredentialRotated',
        data: { sealedSecret: c.sealedSecret, rotatedAt: c.now, previousValidUntil: c.now + c.graceMs },
      });

const renew = (c: Command<'RenewCredential'>, s: Active): CredentialDecision =>
  s.lifetime === 'sliding' && c.expiresAt !== s.expiresAt
    ? accept({ type: 'CredentialRenewed', data: { renewedAt: c.now, expiresAt: c.expiresAt } })
    : accept();

const expire = (c: Command<'ExpireCredential'>, s: Credential): CredentialDecision =>
  s.status === 'active' && c.now >= s.expiresAt
    ? accept({ type: 'CredentialExpired', data: { dueAt: s.expiresAt, expiredAt: c.now } })
    : accept();

const redact = (c: Command<'RedactCredential'>, s: Credential): CredentialDecision =>
  s.status === 'ended' && s.how === 'redacted'
    ? accept()
    : accept({ type: 'CredentialRedacted', data: { reason: c.reason, policy: c.policy, redactedAt: c.now } });

const asOf = (now: number, s: Credential): Credential =>
  s.status === 'active' && now >= s.expiresAt ? { status: 'ended', how: 'expired', endedAt: s.expiresAt } : s;

const decide = (c: CredentialCommand, recorded: Credential): CredentialDecision => {
  if (c.type === 'ExpireCredential') return expire(c, recorded);
  if (c.type === 'RedactCredential') return redact(c, recorded);
  const s = asOf(c.now, recorded);
  if (c.type === 'IssueCredential') return issue(c, s);
  if (s.status === 'absent') return reject({ code: 'credential_not_found' });
  if (s.status === 'ended') {
    if (s.how === 'redacted') return reject({ code: 'credential_not_found' });
    if (c.type === 'RevokeCredential' && s.how === 'revoked') return accept();
    return reject({ code: 'credential_ended', how: s.how, endedAt: s.endedAt });
  }
  switch (c.type) {
    case 'RotateCredential':
      return rotate(c, s);
    case 'RenewCredential':
      return renew(c, s);
    case 'RevokeCredential':
      return accept({ type: 'CredentialRevoked', data: { revokedAt: c.now, by: c.by } });
  }
};

/** Total, like the session's. */
const evolve = (s: Credential, event: CredentialEvent): Credential => {
  switch (event.type) {
    case 'CredentialIssued':
      return s.status === 'absent' ? { status: 'active', previous: null, ...event.data } : s;
    case 'CredentialRotated':
      return s.status === 'active'
        ? {
            ...s,
            sealedSecret: event.data.sealedSecret,
            previous: { sealedSecret: s.sealedSecret, validUntil: event.data.previousValidUntil },
          }
        : s;
    case 'CredentialRenewed':
      return s.status === 'active' ? { ...s, expiresAt: event.data.expiresAt } : s;
    case 'CredentialRevoked':
      return s.status === 'active' ? { status: 'ended', how: 'revoked', endedAt: event.data.revokedAt } : s;
    case 'CredentialExpired':
      return s.status === 'active' ? { status: 'ended', how: 'expired', endedAt: event.data.dueAt } : s;
    case 'CredentialRedacted':
      return { status: 'ended', how: 'redacted', endedAt: event.data.redactedAt };
  }
};

/** Who may rotate or revoke is settled before: the caller proved the name itself, or has the admin scope. */
export const credential: Decider<CredentialCommand, Credential, CredentialEvent, CredentialRejection> = {
  category: 'credential',
  initial: { status: 'absent' },
  decide,
  evolve,
  isTerminal: (s) => s.status === 'ended',
};
