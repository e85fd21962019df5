import { idempotencyStoreContract } from '@signalbox/conformance';
import { sqliteIdempotencyStore } from '../src/index.ts';
import { aDirectory, openAt } from './fixtures.ts';

idempotencyStoreContract('SQLite', async () => {
  const directory = aDirectory();
  const log = await openAt(directory);
  return {
    store: sqliteIdempotencyStore(log),
    restart: async () => {
      await log.close();
      return sqliteIdempotencyStore(await openAt(directory));
    },
  };
});
