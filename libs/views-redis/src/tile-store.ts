import type { TileStore } from '@signalbox/evidence';
import type { Redis } from './connection.ts';
import { script } from './script.ts';

/** ARGV: the prefix, the size expected, the new size; then name and bytes of each tile. Answers with 1 when written. */
const WRITE = script(`
local tiles, size = ARGV[1] .. 'tiles', ARGV[1] .. 'size'
if tonumber(redis.call('GET', size) or '0') ~= tonumber(ARGV[2]) then return 0 end
for i = 4, #ARGV, 2 do redis.call('HSET', tiles, ARGV[i], ARGV[i + 1]) end
redis.call('SET', size, ARGV[3])
return 1`);

/**
 * The hashes of the log's tree, shared by all notaries of a namespace. They follow from the log: a Redis that has lost
 * them, or some of them, is filled again.
 */
export const redisTileStore = ({ redis }: { readonly redis: Redis }): TileStore => {
  const prefix = `${redis.namespace}:evidence:`;
  return {
    size: async () => Number((await redis.send('GET', `${prefix}size`)) ?? 0),
    read: async (names) => {
      if (names.length === 0) return [];
      const fields = names.map(({ level, index }) => `${level}/${index}`);
      const found = (await redis.send('HMGET', `${prefix}tiles`, ...fields)) as readonly (string | null)[];
      return found.map((bytes) => (bytes === null ? undefined : Buffer.from(bytes, 'base64')));
    },
    write: async (expected, tiles, size) => {
      const args = tiles.flatMap(({ level, index, bytes }) => [
        `${level}/${index}`,
        Buffer.from(bytes).toString('base64'),
      ]);
      return (await redis.run(WRITE, [prefix, expected, size, ...args])) === 1;
    },
    clear: async () => {
      await redis.send('UNLINK', `${prefix}size`, `${prefix}tiles`);
    },
    recall: async (name) => (await redis.send('HGET', `${prefix}remembered`, name)) as string | null,
    remember: async (name, text) => {
      if (text === null) await redis.send('HDEL', `${prefix}remembered`, name);
      else await redis.send('HSET', `${prefix}remembered`, name, text);
    },
  };
};
