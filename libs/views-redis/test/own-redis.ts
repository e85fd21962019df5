import { type RedisEngine, startOwnRedis } from '@signalbox/testing/engines';

/** A Redis that the tests of one file may kill. They stop it in the end. */
export const ownRedis = async (): Promise<RedisEngine> => {
  const found = await startOwnRedis();
  if (found.kind === 'missing') throw new Error(`There is no Redis here: ${found.reason}.`);
  return found;
};
