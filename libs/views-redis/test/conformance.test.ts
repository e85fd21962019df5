import {
  credentialsContract,
  dueTimesContract,
  sessionQuotaContract,
  sessionsContract,
  viewContract,
} from '@signalbox/conformance';
import { redisCredentials, redisDueTimes, redisSessionQuota, redisSessions } from '@signalbox/views-redis';
import { aReadSide, atOnce } from './redis.ts';

const live = async () => (await aReadSide()).live;

viewContract('Redis', async () => redisSessions(await live()));
sessionsContract('Redis', async () => redisSessions(await live()));
credentialsContract('Redis', async () => redisCredentials(await live()));
dueTimesContract('Redis', async () => redisDueTimes(await live()));
sessionQuotaContract('Redis', async (limits) => {
  const keyspace = await live();
  return { sessions: redisSessions(keyspace), quota: redisSessionQuota(keyspace, { ...limits, after: atOnce }) };
});
