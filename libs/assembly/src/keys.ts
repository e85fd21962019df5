import { type CatchUpSource, idOf, type RecordedEvent } from '@signalbox/event-sourcing';
import { pagesOf } from '@signalbox/evidence';
import type { Metrics, ServiceContext } from '@signalbox/runtime';
import { createVault, type KeyRing, type KeyStore, SealBroken, type Vault } from '@signalbox/vault';

export type Keys = {
  /** Seals and opens what the log holds. */
  readonly vault: Vault;
  /** Seals small secrets that are kept beside it. */
  readonly ring: KeyRing;
  readonly store: KeyStore;
  readonly check: () => Promise<void>;
};

/** What a process seals with. */
export const createKeys = async (
  context: Pick<ServiceContext, 'config' | 'clock' | 'chance' | 'logger'>,
  store: KeyStore,
): Promise<Keys> => {
  const { config, clock, chance, logger } = context;
  const vault = createVault({
    store,
    masterKeys: config.secrets.masterKeys.map((key) => Buffer.from(key, 'hex')),
    epochMs: config.lifetimes.keyEpochMs,
    ...{ now: () => clock.now(), chance },
    onTrouble: (error) => logger.warn({ err: error }, 'keys could not be made ahead of time'),
  });
  const ring = await vault.secretRing().catch(async (error: unknown) => {
    if (!(error instanceof SealBroken) || error.fault !== 'unknown_key') throw error;
    const missing = (await vault.status()).missing.map(({ id }) => id).join(', ');
    throw new Error(
      `The key store needs a master key that is not given: ${missing}. Add it to SIGNALBOX_MASTER_KEYS, behind the ` +
        'first; when the server runs, “signalbox keys rotate” makes it unneeded. In development it was keys/master.key ' +
        'in the data directory.',
      { cause: error },
    );
  });
  return { vault, ring, store, check: () => store.check() };
};

/** How full the store of the keys is, for one process of those that share it. */
export const observeKeyStore = (metrics: Pick<Metrics, 'observe'>, store: Pick<KeyStore, 'usage'>): void => {
  metrics.observe('keyStoreBytes', async () => (await store.usage()).bytes);
  metrics.observe('keyStoreBound', async () => (await store.usage()).bound);
};

/** A store that ever served has epochs. Rejects when it has none and the log holds what was sealed: keys were lost. */
export const refuseLostKeys = async (
  store: Pick<KeyStore, 'epochs'>,
  log: Pick<CatchUpSource, 'readAll' | 'head'>,
): Promise<void> => {
  if ((await store.epochs()).length > 0) return;
  for await (const page of pagesOf(log)) {
    const sealed = page.find(({ keyId }) => keyId !== null);
    if (!sealed) continue;
    throw new Error(
      `The key store is empty, but the log holds sealed events, the first at position ${sealed.position}. Put the ` +
        'key store back from its backup (keys.db in the data directory, or what SIGNALBOX_KEYS_URL names): without it ' +
        'they can never be read. To begin anew without them, use another data directory, or in the stack another ' +
        'SIGNALBOX_NAMESPACE.',
    );
  }
};

const LATEST = 500;

/**
 * Tells when what was sealed last has no key and nobody redacted it: the store is older than the log, as after a restore.
 * What can be served is served all the same.
 */
export const tellOldKeys = async (
  { vault }: Pick<Keys, 'vault'>,
  log: { readonly readBack: (before: number, limit: number) => Promise<readonly RecordedEvent[]> },
  { logger }: Pick<ServiceContext, 'logger'>,
): Promise<void> => {
  const latest = await log.readBack(Number.POSITIVE_INFINITY, LATEST);
  // What was noticed of a session goes with the session, and only that says so.
  const redacted = new Set(latest.filter(({ type }) => type.endsWith('Redacted')).map(({ stream }) => idOf(stream)));
  const sealed = latest.filter(({ keyId, stream }) => keyId !== null && !redacted.has(idOf(stream)));
  const opened = await vault.fresh.open(sealed);
  const lost = sealed.filter((_, index) => opened[index] === null);
  if (lost.length === 0) return;
  logger.error(
    { events: lost.length, of: sealed.length, position: lost.at(-1)?.position },
    'the key store is older than the log: put back its latest copy, or what was sealed since can never be read',
  );
};
