import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DomainEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import type { Decoded } from '@signalbox/event-sourcing';
import { openSqliteKeyStore, openSqliteLog } from '@signalbox/log-sqlite';
import { systemChance, systemClock } from '@signalbox/runtime';
import { createVault, type KeyStore, type Vault } from '@signalbox/vault';

/** The log's file within a data directory. */
export const logPath = (dataDir: string): string => join(dataDir, 'signalbox.db');

/** A vault over the keys of a server, by its master keys (hex). */
export const vaultOver = (store: KeyStore, masterKeys: readonly string[]): Vault =>
  createVault({
    store,
    masterKeys: masterKeys.map((key) => Buffer.from(key, 'hex')),
    epochMs: 3_600_000,
    ...{ now: () => systemClock.now(), chance: systemChance },
  });

/** Everything in the log of a server that has ended, decoded; by the master keys that it made, unless others are given. Throws when there is an event that can't be read. */
export const readLog = async (
  dataDir: string,
  masterKeys: readonly string[] = [readFileSync(join(dataDir, 'keys/master.key'), 'utf8').trim()],
): Promise<readonly Decoded<DomainEvent>[]> => {
  const log = await openSqliteLog({
    path: logPath(dataDir),
    now: () => systemClock.now(),
    newLogId: () => systemChance.uuid(),
  });
  const store = await openSqliteKeyStore({ path: join(dataDir, 'keys.db') });
  try {
    const codec = createEventCodec(vaultOver(store, masterKeys));
    const all: Decoded<DomainEvent>[] = [];
    for (let after = 0; ; ) {
      const page = await log.readAll(after, 2_000);
      const last = page.at(-1);
      if (!last) return all;
      all.push(...(await codec.decode(page, 'stop')));
      after = last.position;
    }
  } finally {
    await log.close();
    await store.close();
  }
};
