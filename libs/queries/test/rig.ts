import type { SessionEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import { bindProjection, createProjectionRunner, streamName } from '@signalbox/event-sourcing';
import { memoryDiscovery, memoryEventLog, memoryFeeds, memorySessions } from '@signalbox/memory';
import type { Feeds } from '@signalbox/read-models';
import * as projections from '@signalbox/read-models/projections';
import { fakeClock, metadata, seededChance, t0, unsealed } from '@signalbox/testing';
import { createDiscoverQueries, createFeedQueries, createSessionQueries } from '../src/index.ts';

/** The queries on the real projections and the views in memory, filled from a log, on a clock of the test's. */
export const createRig = (changed: Partial<Feeds> = {}) => {
  const clock = fakeClock(t0);
  const chance = seededChance(7);
  const now = () => clock.now();
  const log = memoryEventLog({ now, id: 'log-1' });
  const codec = createEventCodec(unsealed).only.session;
  const sessions = memorySessions();
  const discovery = memoryDiscovery({ chance });
  const { view, feeds } = memoryFeeds({ epoch: 'log-1' });
  const refetch = () => Promise.reject(new Error('Events come in the order of the log, so nothing is ever missing.'));
  const runner = createProjectionRunner({
    codec,
    projections: [
      bindProjection(projections.sessions, sessions, refetch),
      bindProjection(projections.discovery, discovery, refetch),
      bindProjection(projections.feeds, view, refetch),
    ],
  });

  return {
    clock,
    feeds,
    /** Records what happened to a session, and shows it in the views. */
    record: async (sessionId: string, ...events: readonly SessionEvent[]) => {
      const stream = streamName('session', sessionId);
      const revision = (await log.readStream(stream)).length;
      const encoded = await codec.encode(stream, revision, events, null);
      await log.append(
        stream,
        encoded.map((event) => ({
          ...{ ...event, id: chance.uuid(), metadata: metadata() },
          ...{ hash: null, previousHash: null },
        })),
        revision === 0 ? 'no_stream' : revision - 1,
      );
      await runner.apply(await log.readAll(runner.position, 1_000));
    },
    discover: createDiscoverQueries({ discovery, now }),
    sessions: createSessionQueries({ sessions, now }),
    feed: createFeedQueries({ feeds: { ...feeds, ...changed }, after: (ms, work) => clock.after(ms, work) }),
  };
};

export type Rig = ReturnType<typeof createRig>;
