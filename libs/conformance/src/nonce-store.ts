import type { NonceStore } from '@signalbox/identity';
import { describe, expect, it } from 'vitest';

export type NonceStoreUnderTest = {
  readonly store: NonceStore;
  /** For a store that outlives its process: as after a crash and a restart, on the same data. */
  readonly restart?: () => Promise<NonceStore>;
};

const EXPIRES = 1_760_000_060_000;
const volatile = { expiresAt: EXPIRES, durable: false };
const durable = { expiresAt: EXPIRES, durable: true };

/** What every nonce store promises. `make` gives a new, empty store, and clears it away by itself. */
export const nonceStoreContract = (adapter: string, make: () => Promise<NonceStoreUnderTest>): void => {
  describe(`nonce store contract: ${adapter}`, () => {
    it('grants a nonce to a key once, whichever way it was claimed first', async () => {
      const { store } = await make();
      for (const [first, second] of [
        [volatile, volatile],
        [volatile, durable],
        [durable, volatile],
        [durable, durable],
      ] as const) {
        const nonce = `n-${first.durable}-${second.durable}`;
        expect(await store.claim('key', nonce, first)).toBe(true);
        expect(await store.claim('key', nonce, second)).toBe(false);
        expect(await store.claim('key', nonce, { ...second, expiresAt: EXPIRES + 60_000 })).toBe(false);
      }
    });

    it('keeps keys and nonces apart', async () => {
      const { store } = await make();
      for (const options of [volatile, durable]) {
        const n = String(options.durable);
        expect(await store.claim(`a${n}`, 'b', options)).toBe(true);
        expect(await store.claim(`a${n}`, 'c', options)).toBe(true);
        expect(await store.claim(`b${n}`, 'b', options)).toBe(true);
        expect(await store.claim(`a${n}b`, '', options)).toBe(true);
        expect(await store.claim('', `a${n}b`, options)).toBe(true);
        expect(await store.claim(`a${n}:`, 'b', options)).toBe(true);
        expect(await store.claim(`a${n}`, ':b', options)).toBe(true);
      }
    });

    it('grants it to exactly one of many that claim it at once', async () => {
      const { store } = await make();
      for (const options of [volatile, durable]) {
        const answers = await Promise.all(
          Array.from({ length: 30 }, () => store.claim('key', `race-${options.durable}`, options)),
        );
        expect(answers.filter(Boolean)).toHaveLength(1);
      }
    });

    it('forgets what has expired, says how many, and keeps the rest', async () => {
      const { store } = await make();
      for (const [index, expiresAt] of [EXPIRES - 1, EXPIRES, EXPIRES + 1, EXPIRES + 3_600_000].entries()) {
        await store.claim('key', `v${index}`, { expiresAt, durable: false });
        await store.claim('key', `d${index}`, { expiresAt, durable: true });
      }
      expect(await store.sweep(EXPIRES - 1)).toBe(0);
      expect(await store.sweep(EXPIRES + 1)).toBe(4);
      expect(await store.sweep(EXPIRES + 1)).toBe(0);
      for (const kind of ['v', 'd']) {
        expect(await store.claim('key', `${kind}0`, volatile)).toBe(true);
        expect(await store.claim('key', `${kind}1`, durable)).toBe(true);
        expect(await store.claim('key', `${kind}2`, volatile)).toBe(false);
        expect(await store.claim('key', `${kind}3`, durable)).toBe(false);
      }
    });

    it('remembers durable claims after a restart (stores that outlive their process)', async ({ skip }) => {
      const { store, restart } = await make();
      skip(!restart, 'this store ends with its process');
      await store.claim('key', 'durable', durable);
      await store.claim('key', 'swept', { expiresAt: EXPIRES - 1_000, durable: true });
      await store.sweep(EXPIRES - 500);
      const again = await restart?.();
      expect(await again?.claim('key', 'durable', durable)).toBe(false);
      expect(await again?.claim('key', 'durable', volatile)).toBe(false);
      expect(await again?.claim('key', 'swept', durable)).toBe(true);
      expect(await again?.claim('other', 'durable', durable)).toBe(true);
      expect(await again?.sweep(EXPIRES + 1)).toBe(3);
    });
  });
};
