import type { DomainEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import { createProjectionRunner, type StreamName, type View } from '@signalbox/event-sourcing';
import {
  memoryAuditIndex,
  memoryCredentials,
  memoryDiscovery,
  memoryDueTimes,
  memoryEventLog,
  memoryFeeds,
  memorySessions,
} from '@signalbox/memory';
import { fakeClock, metadata, seededChance, settle, t0, unsealed } from '@signalbox/testing';
import { type AllViews, bindAll, follow } from '../src/app.ts';

const clock = fakeClock(t0);
const chance = seededChance(7);
const codec = createEventCodec(unsealed);

export const newLog = () => memoryEventLog({ now: () => clock.now(), id: 'log-1' });
export type Log = ReturnType<typeof newLog>;

/** Records what happened, in one append. */
export const record = async (log: Log, stream: string, closes: boolean, ...events: readonly DomainEvent[]) => {
  const name = stream as StreamName;
  const revision = (await log.readStream(name)).length;
  const encoded = await codec.encode(name, revision, events, null);
  const added = encoded.map((event) => ({
    ...{ ...event, id: chance.uuid(), metadata: metadata() },
    ...{ hash: null, previousHash: null },
  }));
  await log.append(name, added, revision === 0 ? 'no_stream' : revision - 1, { closes });
};

/** Everything that a restart loses: empty views, and a runner over them. */
export const newReadSide = (log: Log, changed: (views: AllViews) => Partial<AllViews> = () => ({})) => {
  const sessions = memorySessions();
  const discovery = memoryDiscovery({ chance });
  const credentials = memoryCredentials();
  const { view: feedsView, feeds } = memoryFeeds({ epoch: 'log-1' });
  const { sessions: sessionDueTimes, credentials: credentialDueTimes, dueTimes } = memoryDueTimes();
  const recorded = memoryAuditIndex();
  const clients = { discovery, sessions, feeds: feedsView, credentials, sessionDueTimes, credentialDueTimes };
  const views: AllViews = { ...clients, recorded };
  const runner = createProjectionRunner({
    codec,
    projections: bindAll({ ...views, ...changed(views) }, { log, codec }),
  });
  return { views, runner, sessions, discovery, credentials, feeds, dueTimes };
};

/** A view that fails its next so many writes, as one does whose store is away. */
export const failing = <Row, Out>(view: View<Row, Out>, times: number): View<Row, Out> => {
  let left = times;
  return {
    ...view,
    write: async (changes, checkpoint) => {
      if (left-- > 0) throw new Error('The store is away.');
      return view.write(changes, checkpoint);
    },
  };
};

/** Follows the log from a position on; what is there already has been applied when this resolves. */
export const run = async (log: Log, runner: ReturnType<typeof newReadSide>['runner'], after: number) => {
  const aborting = new AbortController();
  let outcome: 'running' | 'ended' | Error = 'running';
  const ended = follow(log, runner, { after, signal: aborting.signal }).then(
    () => {
      outcome = 'ended';
    },
    (error: Error) => {
      outcome = error;
    },
  );
  await settle();
  return {
    outcome: () => outcome,
    stop: async () => {
      aborting.abort();
      await ended;
    },
  };
};
