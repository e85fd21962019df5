import type { Credential, CredentialCommand, CredentialEvent, CredentialRejection } from '@signalbox/domain';
import type { CommandContext, HandleCommand } from '@signalbox/event-sourcing';
import { execute, type Settled } from './execute.ts';
import { type Result, refused } from './outcome.ts';
import type { Redaction } from './session-commands.ts';

/** A secret as it is shown: once, to whoever asked for it. 64 hex digits. */
export type IssuedCredential = {
  readonly name: string;
  readonly secret: string;
  readonly createdAt: number;
  readonly expiresAt: number;
};

export type RotatedCredential = {
  readonly name: string;
  readonly secret: string;
  readonly previousValidUntil: number;
  readonly expiresAt: number;
};

/** Seals a secret so that only this server can open it, and only for this name. */
export interface SecretSeal {
  seal(name: string, secret: string): string;
  open(name: string, sealed: string): string;
}

export interface CredentialCommands {
  issue(
    wanted: {
      /** Null: one is made. */
      readonly name: string | null;
      /** Epoch milliseconds. */
      readonly expiresAt: number;
      readonly lifetime: 'fixed' | 'sliding';
    },
    context: CommandContext,
  ): Promise<Result<IssuedCredential>>;
  rotate(name: string, graceMs: number, context: CommandContext): Promise<Result<RotatedCredential>>;
  revoke(name: string, by: string, context: CommandContext): Promise<Result<null>>;
  /** Moves the end of a credential whose lifetime slides; leaves any other as it is. */
  renew(name: string, expiresAt: number, context: CommandContext): Promise<Result<null>>;
  /** Ends the credential if it is due; does nothing otherwise, however often it is asked. */
  expire(name: string, context: CommandContext): Promise<Result<{ readonly lateMs: number | null }>>;
  /** Records that the keys of a credential that exists are destroyed; does nothing when that has been recorded. */
  redact(name: string, why: Redaction, context: CommandContext): Promise<Result<null>>;
}

type Handle = HandleCommand<CredentialCommand, Credential, CredentialEvent, CredentialRejection>;

export const createCredentialCommands = (options: {
  readonly handle: Handle;
  readonly settled: Settled;
  readonly seal: SecretSeal;
  readonly now: () => number;
  readonly newSecret: () => string;
  /** The same name for the same command id; another for every call with null. */
  readonly newName: (commandId: string | null) => string;
  /** Whether there is or was a credential of this name. */
  readonly exists: (name: string) => Promise<boolean>;
  /** How many credentials live. */
  readonly liveCount: () => Promise<number>;
  readonly maxCredentials: number;
}): CredentialCommands => {
  const { handle, settled, seal, now, newSecret, newName } = options;

  return {
    issue: async ({ name: wanted, expiresAt, lifetime }, context) => {
      const name = wanted ?? newName(context.commandId);
      // A retry finds the credential of its first try, which counts already.
      const isRetry = context.commandId !== null && (await options.exists(name));
      if (!isRetry && (await options.liveCount()) >= options.maxCredentials) {
        return refused({ code: 'storage_full', limit: options.maxCredentials });
      }
      const sealedSecret = seal.seal(name, newSecret());
      const command = { type: 'IssueCredential', sealedSecret, expiresAt, lifetime, now: now() } as const;
      return execute(handle, settled, name, command, { ...context, creates: true }, ({ events }) => {
        const issued = events.find((event) => event.type === 'CredentialIssued');
        if (!issued) throw new Error(`Credential ${name} was accepted without being issued.`);
        const secret = seal.open(name, issued.data.sealedSecret);
        return { name, secret, createdAt: issued.data.issuedAt, expiresAt: issued.data.expiresAt };
      });
    },

    rotate: (name, graceMs, context) => {
      const sealedSecret = seal.seal(name, newSecret());
      const command = { type: 'RotateCredential', sealedSecret, graceMs, now: now() } as const;
      return execute(handle, settled, name, command, context, ({ events, state }) => {
        const rotated = events.find((event) => event.type === 'CredentialRotated');
        if (!rotated || state.status !== 'active') throw new Error(`Credential ${name} was accepted without rotating.`);
        const secret = seal.open(name, rotated.data.sealedSecret);
        return { name, secret, previousValidUntil: rotated.data.previousValidUntil, expiresAt: state.expiresAt };
      });
    },

    revoke: (name, by, context) =>
      execute(handle, settled, name, { type: 'RevokeCredential', by, now: now() }, context, () => null),

    renew: (name, expiresAt, context) =>
      execute(handle, settled, name, { type: 'RenewCredential', expiresAt, now: now() }, context, () => null),

    expire: (name, context) =>
      execute(handle, settled, name, { type: 'ExpireCredential', now: now() }, context, ({ events }) => {
        const expired = events.find((event) => event.type === 'CredentialExpired');
        return { lateMs: expired ? expired.data.expiredAt - expired.data.dueAt : null };
      }),

    redact: (name, { reason, policy }, context) => {
      const command = { type: 'RedactCredential', reason, policy, now: now() } as const;
      return execute(handle, settled, name, command, context, () => null);
    },
  };
};
