import { eventLogContract } from '@signalbox/conformance';
import { aDirectory, openAt } from './fixtures.ts';

eventLogContract('SQLite', async (now) => {
  const directory = aDirectory();
  return { log: await openAt(directory, now), reopen: () => openAt(directory, now) };
});
