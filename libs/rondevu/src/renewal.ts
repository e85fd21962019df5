import type { CommandContext, CredentialCommands, Write } from '@signalbox/commands';
import type { RondevuOptions } from './options.ts';

const DAY_MS = 86_400_000;

/** How long a credential lives from its last use on, and from its making where the client wants nothing else. */
export const CREDENTIAL_LIFETIME_MS = 365 * DAY_MS;

/**
 * Every verified call moves the end of a credential to a year from now, also when it was asked to end earlier or
 * later. Moves of less than a day are left out, so that calling does not mean writing.
 *
 * The call that caused it must not fail with it: a failure is reported, and the next call tries again.
 */
export const createRenewal = (
  options: Pick<RondevuOptions, 'credentialOf' | 'now' | 'onFault'> & { readonly credentials: CredentialCommands },
) => {
  return async (name: string, context: CommandContext): Promise<readonly Write[]> => {
    try {
      const credential = await options.credentialOf(name);
      const expiresAt = options.now() + CREDENTIAL_LIFETIME_MS;
      if (credential?.lifetime !== 'sliding' || Math.abs(expiresAt - credential.expiresAt) <= DAY_MS) return [];
      const renewed = await options.credentials.renew(name, expiresAt, context);
      if (renewed.kind === 'done') return renewed.writes;
      throw new Error(`A credential could not be renewed: ${renewed.refusal.code}.`);
    } catch (error) {
      options.onFault(error);
      return [];
    }
  };
};
