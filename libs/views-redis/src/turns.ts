import type { Redis } from './connection.ts';

/**
 * For work that one process of many is to do: true for whoever asks first for the turn of this name, until it expires
 * (epoch milliseconds). An emptied Redis may give a turn twice.
 */
export const redisTurns =
  (redis: Redis) =>
  async (name: string, expiresAt: number): Promise<boolean> =>
    (await redis.send('SET', `${redis.namespace}:turn:${name}`, redis.instance, 'NX', 'PXAT', Math.ceil(expiresAt))) ===
    'OK';
