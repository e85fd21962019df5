import type { CredentialRow, Credentials } from '@signalbox/read-models';
import { type KeyStatus, masterKeyOf, type StoreUsage } from '@signalbox/vault';
import type { Keys } from './keys.ts';
import { sealedSecretsOf } from './secrets.ts';

/** What needs a master key: the epochs that it wraps, and live credentials with a secret that it seals by itself. */
export type MasterKeyNeeds = { readonly id: string; readonly epochs: number; readonly credentials: number };

export type KeyReport = Pick<KeyStatus, 'current' | 'epochs' | 'unneeded'> & {
  readonly masterKeys: readonly MasterKeyNeeds[];
  readonly missing: readonly MasterKeyNeeds[];
  readonly store: StoreUsage;
};

/**
 * How the keys stand, together with what the vault does not know of: secrets of credentials from before payloads were
 * sealed, which no rotation reaches. All credentials are read to count them, unless that was done `withinMs` ago.
 */
export const createKeyReport = (
  { vault, ring, store }: Pick<Keys, 'vault' | 'ring' | 'store'>,
  credentials: Pick<Credentials, 'all'>,
  now: () => number,
): ((withinMs: number) => Promise<KeyReport>) => {
  let last: { readonly at: number; readonly counts: ReadonlyMap<string, number> } | null = null;

  /** Of each master key, how many live credentials need it. */
  const countSealed = async (withinMs: number): Promise<ReadonlyMap<string, number>> => {
    const at = now();
    if (last !== null && at - last.at < withinMs) return last.counts;
    const counts = new Map<string, number>();
    for await (const rows of credentials.all()) {
      for (const row of rows) {
        for (const id of keysOf(row, at)) if (id !== ring.currentKeyId) counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    }
    last = { at, counts };
    return counts;
  };

  return async (withinMs) => {
    const [status, usage, sealed] = await Promise.all([vault.status(), store.usage(), countSealed(withinMs)]);
    const { current, epochs, masterKeys, unneeded, missing } = status;
    const counted = ({ id, epochs }: { readonly id: string; readonly epochs: number }): MasterKeyNeeds => ({
      ...{ id, epochs, credentials: sealed.get(id) ?? 0 },
    });
    const known = new Set([...masterKeys, ...missing].map(({ id }) => id));
    const unknown = [...sealed.keys()].filter((id) => !known.has(id)).map((id) => ({ id, epochs: 0 }));
    return {
      ...{ current, epochs, store: usage },
      masterKeys: masterKeys.map(counted),
      unneeded: unneeded.filter((id) => !sealed.has(id)),
      missing: [...missing, ...unknown].map(counted),
    };
  };
};

const keysOf = (row: CredentialRow, now: number): ReadonlySet<string> =>
  new Set(sealedSecretsOf(row, now).map(masterKeyOf));
