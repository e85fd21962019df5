import { idempotencyStoreContract, nonceStoreContract, rateLimiterContract } from '@signalbox/conformance';
import { redisIdempotencyStore, redisNonceStore, redisRateLimiter } from '@signalbox/views-redis';
import { connect, keysOf } from './redis.ts';

const WINDOW_MS = 60_000;
/** Before the contract’s nonces were signed. */
const NOW = 1_760_000_000_000 - 10_000;

nonceStoreContract('Redis', async () => {
  const redis = await connect();
  const storeOf = (of: typeof redis) => redisNonceStore({ redis: of, now: () => NOW, windowMs: WINDOW_MS });
  return {
    store: storeOf(redis),
    restart: async () => {
      await redis.close();
      return storeOf(await connect({ namespace: redis.namespace }));
    },
  };
});

rateLimiterContract('Redis', async () => redisRateLimiter({ redis: await connect(), timeOf: 'caller' }));

idempotencyStoreContract('Redis', async () => {
  const redis = await connect();
  let made = 0;
  // A double that derives nothing: the contract's command ids are all new ones.
  const storeOf = (of: typeof redis) =>
    redisIdempotencyStore({
      redis: of,
      deriveId: () => `command-${++made}`,
      leaseMs: 60_000,
      after: () => () => undefined,
    });
  return {
    store: storeOf(redis),
    restart: async () => {
      await redis.close();
      const again = await connect({ namespace: redis.namespace });
      // As if the lease of what was under way had run out since.
      for (const key of await keysOf(again, 'idempotency:running:*')) await again.send('UNLINK', key);
      return storeOf(again);
    },
  };
});
