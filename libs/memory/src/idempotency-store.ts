import type { IdempotencyStore, StoredAnswer } from '@signalbox/http';

type Entry = {
  readonly fingerprint: string;
  readonly expiresAt: number;
  /** What it was claimed for, or how that was answered. */
  readonly is: { readonly commandId: string } | { readonly answer: StoredAnswer };
};

/** Idempotency records in memory, for tests. */
export const memoryIdempotencyStore = (): IdempotencyStore => {
  const entries = new Map<string, Entry>();
  /** Fingerprints by name. */
  const underWay = new Map<string, string>();
  const nameOf = (scope: string, key: string) => JSON.stringify([scope, key]);
  return {
    claim: async (scope, key, fingerprint, { now, expiresAt, newCommandId }) => {
      const name = nameOf(scope, key);
      const running = underWay.get(name);
      if (running !== undefined) return { kind: running === fingerprint ? 'in_flight' : 'different' };
      const found = entries.get(name);
      const entry =
        found && found.expiresAt > now ? found : { fingerprint, expiresAt, is: { commandId: newCommandId() } };
      if (entry.fingerprint !== fingerprint) return { kind: 'different' };
      if ('answer' in entry.is) return { kind: 'answered', answer: entry.is.answer };
      entries.set(name, entry);
      underWay.set(name, fingerprint);
      return { kind: 'new', commandId: entry.is.commandId };
    },
    complete: async (scope, key, fingerprint, answer, expiresAt) => {
      entries.set(nameOf(scope, key), { fingerprint, expiresAt, is: { answer } });
      underWay.delete(nameOf(scope, key));
    },
    abandon: async (scope, key) => {
      underWay.delete(nameOf(scope, key));
    },
    sweep: async (now) => {
      const expired = [...entries].filter(([, { expiresAt }]) => expiresAt < now);
      for (const [name] of expired) entries.delete(name);
      return expired.length;
    },
  };
};
