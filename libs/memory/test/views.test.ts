import {
  credentialsContract,
  discoveryContract,
  dueTimesContract,
  feedsContract,
  sessionQuotaContract,
  sessionsContract,
  viewContract,
} from '@signalbox/conformance';
import { memoryCredentials } from '../src/credentials.ts';
import { memoryDiscovery } from '../src/discovery.ts';
import { memoryDueTimes } from '../src/due-times.ts';
import { memoryFeeds } from '../src/feeds.ts';
import { memorySessionQuota } from '../src/session-quota.ts';
import { memorySessions } from '../src/sessions.ts';

viewContract('memory', async () => memorySessions());
sessionsContract('memory', async () => memorySessions());
credentialsContract('memory', async () => memoryCredentials());
discoveryContract('memory', async (chance) => memoryDiscovery({ chance }));
feedsContract('memory', async () => memoryFeeds({ epoch: 'log-1' }));
dueTimesContract('memory', async () => memoryDueTimes());
sessionQuotaContract('memory', async (limits) => {
  const sessions = memorySessions();
  return { sessions, quota: memorySessionQuota({ sessions, ...limits }) };
});
