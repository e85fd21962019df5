/** Remembers at least the last `count` entries and at most twice as many; the oldest are dropped together. */
export const recently = <K, V>(count: number) => {
  let young = new Map<K, V>();
  let old = new Map<K, V>();
  return {
    get: (key: K): V | undefined => young.get(key) ?? old.get(key),
    set: (key: K, value: V): void => {
      young.set(key, value);
      if (young.size <= count) return;
      old = young;
      young = new Map();
    },
  };
};
