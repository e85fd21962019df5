import { keyStoreContract } from '@signalbox/conformance';
import { memoryKeyStore } from '../src/memory-key-store.ts';

keyStoreContract('memory', async () => ({ store: memoryKeyStore() }));
