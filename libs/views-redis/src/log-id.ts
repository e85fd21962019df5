import type { Redis } from './connection.ts';
import { ViewsUnavailable } from './unavailable.ts';

/** Which log the read models were built from, for processes that do not read it themselves. */
export const redisLogId = (redis: Redis) => {
  const key = `${redis.namespace}:log`;
  let known: string | undefined;
  return {
    get: async (): Promise<string> => {
      if (known !== undefined) return known;
      const id = await redis.send('GET', key);
      if (id === null) throw new ViewsUnavailable('There are no read models: they have to be built from the log');
      known = String(id);
      return known;
    },
    set: async (id: string): Promise<void> => {
      await redis.send('SET', key, id);
    },
  };
};
