import type { NonceStore } from '@signalbox/identity';

/** Nonces in memory, for tests: `durable` is taken as read. */
export const memoryNonceStore = (): NonceStore => {
  const expiries = new Map<string, number>();
  return {
    claim: async (key, nonce, { expiresAt }) => {
      const used = JSON.stringify([key, nonce]);
      if (expiries.has(used)) return false;
      expiries.set(used, expiresAt);
      return true;
    },
    sweep: async (now) => {
      const expired = [...expiries].filter(([, expiresAt]) => expiresAt < now);
      for (const [used] of expired) expiries.delete(used);
      return expired.length;
    },
  };
};
