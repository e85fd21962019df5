import type { ServiceContext } from '@signalbox/runtime';
import { createVault, type KeyRing, type KeyStore, type Vault } from '@signalbox/vault';

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
  return { vault, ring: await vault.secretRing(), check: () => store.check() };
};
