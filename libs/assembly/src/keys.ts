import type { CatchUpSource } from '@signalbox/event-sourcing';
import type { ServiceContext } from '@signalbox/runtime';
import { createVault, type KeyRing, type KeyStore, SealBroken, type Vault } from '@signalbox/vault';

export type Keys = {
  /** Seals and opens what the log holds. */
  readonly vault: Vault;
  /** Seals small secrets that are kept beside it. */
  readonly ring: KeyRing;
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
  return { vault, ring, check: () => store.check() };
};

const PAGE = 1_000;

/** A store that ever served has epochs. Rejects when it has none and the log holds what was sealed: keys were lost. */
export const refuseLostKeys = async (
  store: Pick<KeyStore, 'epochs'>,
  log: Pick<CatchUpSource, 'readAll'>,
): Promise<void> => {
  if ((await store.epochs()).length > 0) return;
  for (let after = 0; ; ) {
    const page = await log.readAll(after, PAGE);
    const sealed = page.find(({ keyId }) => keyId !== null);
    if (sealed) {
      throw new Error(
        `The key store is empty, but the log holds sealed events, the first at position ${sealed.position}. Put the ` +
          'key store back from its backup (keys.db in the data directory, or what SIGNALBOX_KEYS_URL names): without it ' +
          'they can never be read. To begin anew without them, use another data directory, or in the stack another ' +
          'SIGNALBOX_NAMESPACE.',
      );
    }
    const last = page.at(-1);
    if (!last) return;
    after = last.position;
  }
};
