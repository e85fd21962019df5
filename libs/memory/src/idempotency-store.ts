import type { IdempotencyStore, StoredAnswer } from '@signalbox/http';

type Entry = {
  readonly fingerprint: string;
  readonly answered?: { readonly answer: StoredAnswer; readonly expiresAt: number };
};

/** Idempotency records in memory, for tests. */
export const memoryIdempotencyStore = (): IdempotencyStore => {
  const entries = new Map<string, Entry>();
  const nameOf = (scope: string, key: string) => JSON.stringify([scope, key]);
  return {
    claim: async (scope, key, fingerprint, now) => {
      const name = nameOf(scope, key);
      const entry = entries.get(name);
      const expired = entry?.answered !== undefined && entry.answered.expiresAt <= now;
      if (!entry || expired) {
        entries.set(name, { fingerprint });
        return { kind: 'new' };
      }
      if (entry.fingerprint !== fingerprint) return { kind: 'different' };
      return entry.answered ? { kind: 'answered', answer: entry.answered.answer } : { kind: 'in_flight' };
    },
    complete: async (scope, key, fingerprint, answer, expiresAt) => {
      entries.set(nameOf(scope, key), { fingerprint, answered: { answer, expiresAt } });
    },
    abandon: async (scope, key) => {
      const name = nameOf(scope, key);
      if (!entries.get(name)?.answered) entries.delete(name);
    },
    sweep: async (now) => {
      const expired = [...entries].filter(([, { answered }]) => answered !== undefined && answered.expiresAt < now);
      for (const [name] of expired) entries.delete(name);
      return expired.length;
    },
  };
};
