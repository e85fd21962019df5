import { randomUUID } from 'node:crypto';
import { eventLogContract } from '@signalbox/conformance';
import { seededChance } from '@signalbox/testing';
import { findEventStoreDb } from '@signalbox/testing/engines';
import { afterAll } from 'vitest';
import { openEventStoreLog } from '../src/index.ts';
import { HASTY, testTimers } from './fixtures.ts';

const store = await findEventStoreDb(process.env);
afterAll(() => store.stop());

/** Names no other run has used, where the store is somebody else's. */
const run = randomUUID();
let logs = 0;

// Each log of the suite has names of its own in one store, as a real server is slow to start.
eventLogContract(`EventStoreDB, ${store.description}`, async () => {
  const id = `${run}-${++logs}`;
  const open = () =>
    openEventStoreLog({
      url: store.url,
      prefix: `${id}.`,
      categories: ['thing'],
      newLogId: () => id,
      timers: testTimers(),
      chance: seededChance(logs),
      patience: HASTY,
    });
  return { log: await open(), reopen: open };
});
