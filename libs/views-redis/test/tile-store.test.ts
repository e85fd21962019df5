import { tileStoreContract } from '@signalbox/conformance';
import { redisTileStore } from '@signalbox/views-redis';
import { connect } from './redis.ts';

tileStoreContract('Redis', async () => {
  const redis = await connect();
  return {
    store: redisTileStore({ redis }),
    again: async () => redisTileStore({ redis: await connect({ namespace: redis.namespace }) }),
  };
});
