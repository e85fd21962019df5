import { systemChance } from '@signalbox/runtime';
import { connectRedis } from '@signalbox/views-redis';

const ASK: Readonly<Record<string, (key: string) => readonly [string, ...string[]]>> = {
  string: (key) => ['GET', key],
  hash: (key) => ['HGETALL', key],
  zset: (key) => ['ZRANGE', key, '0', '-1'],
  set: (key) => ['SMEMBERS', key],
  list: (key) => ['LRANGE', key, '0', '-1'],
};

/** Every key of a Redis with all that it holds, as text. */
export const contentsOf = async (url: string): Promise<readonly (readonly [key: string, bytes: Buffer])[]> => {
  const redis = await connectRedis({
    url,
    namespace: 'operator',
    instance: systemChance.uuid(),
    commandTimeoutMs: 5_000,
  });
  try {
    const keys = new Set<string>();
    let cursor = '0';
    do {
      const page = await redis.send('SCAN', cursor, 'COUNT', '1000');
      const [next, some] = page as readonly [string, readonly string[]];
      for (const key of some) keys.add(key);
      cursor = next;
    } while (cursor !== '0');
    return await Promise.all(
      [...keys].map(async (key) => {
        const ask = ASK[String(await redis.send('TYPE', key))];
        // Gone meanwhile.
        if (ask === undefined) return [key, Buffer.from(key)] as const;
        const [command, ...args] = ask(key);
        return [`the key ${key}`, Buffer.from(JSON.stringify([key, await redis.send(command, ...args)]))] as const;
      }),
    );
  } finally {
    await redis.close();
  }
};
