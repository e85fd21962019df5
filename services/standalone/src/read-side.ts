import { memoryCredentials, memoryDiscovery, memoryDueTimes, memoryFeeds, memorySessions } from '@signalbox/memory';
import type { Views } from '@signalbox/projector';
import type { Chance } from '@signalbox/runtime';

/** The read models of this process, and the views through which projections fill them. */
export const createReadSide = (options: { readonly chance: Chance; readonly epoch: string }) => {
  const discovery = memoryDiscovery({ chance: options.chance });
  const sessions = memorySessions();
  const credentials = memoryCredentials();
  const { view: feedsView, feeds, startedFrom } = memoryFeeds({ epoch: options.epoch });
  const { sessions: sessionDueTimes, credentials: credentialDueTimes, dueTimes } = memoryDueTimes();
  const views: Views = { discovery, sessions, credentials, feeds: feedsView, sessionDueTimes, credentialDueTimes };
  return {
    views,
    discovery,
    sessions,
    credentials,
    feeds,
    feedsStartedFrom: startedFrom,
    dueTimes,
    /** Forgets the sessions that ended before, in every view; answers with how many those were. */
    forgetSessions: async (endedBefore: number): Promise<number> => {
      await feeds.forget(endedBefore);
      return sessions.forget(endedBefore);
    },
  };
};

export type ReadSide = ReturnType<typeof createReadSide>;
