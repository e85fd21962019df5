import { systemChance } from '@signalbox/runtime';
import { connectRedis } from '@signalbox/views-redis';

/** Asks one thing of a Redis, beside all that use it. */
export const tellRedis = async (url: string, command: string, ...args: readonly string[]): Promise<unknown> => {
  const redis = await connectRedis({ url, namespace: 'operator', instance: systemChance.uuid() });
  try {
    return await redis.send(command, ...args);
  } finally {
    await redis.close();
  }
};
