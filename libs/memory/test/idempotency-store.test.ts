import { idempotencyStoreContract } from '@signalbox/conformance';
import { memoryIdempotencyStore } from '../src/idempotency-store.ts';

idempotencyStoreContract('memory', async () => ({ store: memoryIdempotencyStore() }));
