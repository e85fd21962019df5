import { nonceStoreContract } from '@signalbox/conformance';
import { memoryNonceStore } from '../src/nonce-store.ts';

nonceStoreContract('memory', async () => ({ store: memoryNonceStore() }));
