import { nonceStoreContract } from '@signalbox/conformance';
import { describe, expect, it } from 'vitest';
import { sqliteNonceStore } from '../src/index.ts';
import { createNonceMemory } from '../src/nonce-memory.ts';
import { aDirectory, NOW, openAt } from './fixtures.ts';

nonceStoreContract('SQLite', async () => {
  const directory = aDirectory();
  const log = await openAt(directory);
  return {
    store: await sqliteNonceStore(log),
    restart: async () => {
      await log.close();
      return sqliteNonceStore(await openAt(directory));
    },
  };
});

describe('nonces on SQLite', () => {
  it('go to disk only when they are claimed durably', async () => {
    const log = await openAt(aDirectory());
    const store = await sqliteNonceStore(log);
    await store.claim('key', 'volatile', { expiresAt: NOW, durable: false });
    await store.claim('key', 'durable', { expiresAt: NOW + 5, durable: true });
    expect(await log.sides.read('allNonces', [])).toEqual([['key', 'durable', NOW + 5]]);
    await store.sweep(NOW + 6);
    expect(await log.sides.read('allNonces', [])).toEqual([]);
  });
});

describe('nonces in memory', () => {
  it('expire at their own moment, wherever their bucket begins and ends', () => {
    for (const offset of [0, 1, 9_999, 10_000, 10_001]) {
      const memory = createNonceMemory();
      const at = 1_760_000_000_000 + offset;
      memory.remember('before', at - 1);
      memory.remember('at', at);
      memory.remember('after', at + 1);
      expect(memory.sweep(at)).toBe(1);
      expect(['before', 'at', 'after'].map(memory.isUsed)).toEqual([false, true, true]);
      expect(memory.sweep(at + 1)).toBe(1);
      expect(memory.sweep(at + 100_000)).toBe(1);
      expect(memory.sweep(at + 100_000)).toBe(0);
    }
  });
});
