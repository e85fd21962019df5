import { rateLimiterContract } from '@signalbox/conformance';
import { memoryRateLimiter } from '../src/rate-limiter.ts';

rateLimiterContract('memory', async () => memoryRateLimiter());
