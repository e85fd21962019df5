import type { RandomBytes } from './key-ring.ts';

const POOL_BYTES = 4096;

/** The same bytes, asked for in larger pieces: to ask costs far more than to be given. None is given out twice. */
export const randomPool = (random: RandomBytes): RandomBytes => {
  let pool: Uint8Array = new Uint8Array();
  let used = 0;
  return {
    bytes: (count) => {
      if (count > POOL_BYTES) return random.bytes(count);
      if (used + count > pool.length) {
        pool = random.bytes(POOL_BYTES);
        used = 0;
      }
      used += count;
      return pool.slice(used - count, used);
    },
  };
};
