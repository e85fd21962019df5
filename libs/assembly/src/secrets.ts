import type { SecretSeal } from '@signalbox/commands';
import type { SecretLookup } from '@signalbox/identity';
import type { CredentialRow, Credentials } from '@signalbox/read-models';
import type { KeyRing } from '@signalbox/vault';
import { LRUCache } from 'lru-cache';

const contextOf = (name: string): string => `credential/${name}`;

/** A credential's secret in the log: sealed, and bound to its name. */
export const secretSeal = (ring: KeyRing): SecretSeal => ({
  seal: (name, secret) => ring.seal(Buffer.from(secret, 'hex'), contextOf(name)),
  open: (name, sealed) => Buffer.from(ring.open(sealed, contextOf(name))).toString('hex'),
});

export const isLive = (row: CredentialRow | undefined, now: number): row is CredentialRow =>
  row !== undefined && row.endedAt === null && now < row.expiresAt;

/** The secrets that a credential may sign with, sealed: none, one, or while it is rotated two. */
export const sealedSecretsOf = (row: CredentialRow | undefined, now: number): readonly string[] => {
  if (!isLive(row, now)) return [];
  const previous = row.previous && now < row.previous.validUntil ? [row.previous.sealedSecret] : [];
  return [row.sealedSecret, ...previous];
};

/** The secrets that a credential may sign with. An opened one is kept for as long as it is used. */
export const secretLookup = (
  credentials: Pick<Credentials, 'find'>,
  ring: KeyRing,
  cacheSize: number,
): SecretLookup => {
  const opened = new LRUCache<string, Uint8Array>({ max: cacheSize });
  const open = (name: string, sealed: string): Uint8Array => {
    const known = opened.get(sealed);
    if (known) return known;
    const secret = ring.open(sealed, contextOf(name));
    opened.set(sealed, secret);
    return secret;
  };
  return {
    secretsOf: async (name, now) =>
      sealedSecretsOf(await credentials.find(name), now).map((sealed) => open(name, sealed)),
  };
};
