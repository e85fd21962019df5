import { feedsContract, feedsRebuiltContract } from '@signalbox/conformance';
import { redisFeeds } from '@signalbox/views-redis';
import { aReadSide } from './redis.ts';

const LOG_ID = 'c0ffee00-0000-4000-8000-000000000000';

const make = async () => redisFeeds((await aReadSide()).live, { logId: async () => LOG_ID });

feedsContract('Redis', make);
feedsRebuiltContract('Redis', async () => ({ one: await make(), other: await make(), logId: LOG_ID }));
