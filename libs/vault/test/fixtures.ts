import { createHash } from 'node:crypto';
import { createVault, type KeyStore, type RandomBytes, type Vault } from '../src/index.ts';
import { memoryKeyStore } from '../src/memory-key-store.ts';

export const HOUR = 3_600_000;
export const NOW = 480_000 * HOUR + 60_000;

export const aKey = (text: string): Uint8Array => createHash('sha256').update(text).digest();

let drawn = 0;

/** Never the same bytes twice. */
export const chance: RandomBytes = {
  bytes: (count) => {
    const pieces = Array.from({ length: Math.ceil(count / 32) }, () => aKey(`bytes ${++drawn}`));
    return Buffer.concat(pieces, count);
  },
};

/** A store that tells what it was asked, and can be away. */
export const spied = (store: KeyStore = memoryKeyStore()) => {
  const asked: string[] = [];
  const state = { away: null as Error | null };
  const spy = new Proxy(store, {
    get: (target, name: keyof KeyStore) =>
      name === 'dataKeysOf'
        ? target.dataKeysOf
        : async (...args: readonly never[]) => {
            asked.push(name);
            if (state.away) throw state.away;
            return (target[name] as (...given: readonly never[]) => unknown)(...args);
          },
  });
  return { store: spy, asked, state, count: (name: keyof KeyStore) => asked.filter((one) => one === name).length };
};

export const vaultOn = (
  store: KeyStore,
  over: {
    readonly masterKeys?: readonly Uint8Array[];
    readonly now?: () => number;
    readonly epochMs?: number;
    readonly onTrouble?: (error: unknown) => void;
  } = {},
): Vault => createVault({ store, masterKeys: [aKey('master 1')], now: () => NOW, chance, epochMs: HOUR, ...over });
