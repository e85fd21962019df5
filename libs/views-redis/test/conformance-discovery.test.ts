import { discoveryContract } from '@signalbox/conformance';
import { redisDiscovery } from '@signalbox/views-redis';
import { aReadSide } from './redis.ts';

discoveryContract('Redis', async (chance) => redisDiscovery((await aReadSide()).live, { chance }));
