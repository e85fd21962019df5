import { discoveryContract } from '@signalbox/conformance';
import { redisDiscovery } from '@signalbox/views-redis';
import { vi } from 'vitest';
import { aReadSide } from './redis.ts';

// Some of its tests ask ten thousand times and more, one after another.
vi.setConfig({ testTimeout: 300_000 });

discoveryContract('Redis', async (chance) => redisDiscovery((await aReadSide()).live, { chance }));
