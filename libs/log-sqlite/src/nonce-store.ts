import type { NonceStore } from '@signalbox/identity';
import { createNonceMemory } from './nonce-memory.ts';
import type { SideTables } from './side-tables.ts';

/**
 * Nonces in memory, and on disk too those that have to outlive a crash. They share the commits of the log. Memory
 * holds every nonce that counts, so a claim never waits for a read. Opening takes over from disk what the process
 * before has claimed durably.
 */
export const sqliteNonceStore = async ({ sides }: { readonly sides: SideTables }): Promise<NonceStore> => {
  const memory = createNonceMemory();
  for (const [key, nonce, expiresAt] of await sides.read('allNonces', [])) {
    memory.remember(nameOf(String(key), String(nonce)), Number(expiresAt));
  }
  return {
    claim: async (key, nonce, { expiresAt, durable }) => {
      const used = nameOf(key, nonce);
      if (memory.isUsed(used)) return false;
      memory.remember(used, expiresAt);
      if (!durable) return true;
      try {
        await sides.write('storeNonce', [key, nonce, expiresAt]);
      } catch (error) {
        memory.forget(used); // nothing was granted, so the request may be sent again
        throw error;
      }
      return true;
    },
    sweep: async (now) => {
      const count = memory.sweep(now);
      await sides.write('sweepNonces', [now]);
      return count;
    },
  };
};

/** One string for both, which no other pair has. */
const nameOf = (key: string, nonce: string): string => `${key.length}:${key}${nonce}`;
