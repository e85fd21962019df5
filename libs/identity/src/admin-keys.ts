import { hash, timingSafeEqual } from 'node:crypto';

/** The keys of those who run the server. Only their hashes are kept. */
export interface AdminKeys {
  /** The id of the key that this text is, or null. How long it takes tells nothing of any key. */
  idOf(text: string): string | null;
  /** Whether a key of this id is one of the current keys. */
  has(id: string): boolean;
}

/** `keys` as they are configured and sent: texts. A key's id is 16 hex digits of its hash. */
export const adminKeys = (keys: readonly string[]): AdminKeys => {
  const hashes = keys.map((key) => hash('sha256', key, 'buffer'));
  const ids = hashes.map((digest) => digest.toString('hex', 0, 8));
  return {
    idOf: (text) => {
      const given = hash('sha256', text, 'buffer');
      let found: string | null = null;
      for (const [index, digest] of hashes.entries()) if (timingSafeEqual(given, digest)) found = ids[index] as string;
      return found;
    },
    has: (id) => ids.includes(id),
  };
};
