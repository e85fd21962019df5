import { tileStoreContract } from '@signalbox/conformance';
import { memoryTileStore } from '../src/index.ts';

tileStoreContract('memory', async () => {
  const store = memoryTileStore();
  return { store, again: async () => store };
});
