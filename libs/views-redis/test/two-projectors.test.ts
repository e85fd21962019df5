import type { SessionEvent } from '@signalbox/domain';
import { type BoundProjection, bindProjection, type StreamName, type View } from '@signalbox/event-sourcing';
import { discovery, feeds, sessionDueTimes, sessions } from '@signalbox/read-models/projections';
import { seededChance, settle, t0 } from '@signalbox/testing';
import { type Keyspace, redisDiscovery, redisDueTimes, redisFeeds, redisSessions } from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { aHistory, type History } from './history.ts';
import { aReadSide, connect, generationsOf } from './redis.ts';

type Turns = <T>(operation: () => Promise<T>) => Promise<T>;

const viewsOf = (keyspace: Keyspace) => ({
  discovery: redisDiscovery(keyspace, { chance: seededChance(1) }),
  sessions: redisSessions(keyspace),
  feeds: redisFeeds(keyspace, { logId: async () => 'log' }),
  dueTimes: redisDueTimes(keyspace),
});

/** A view whose reads and writes wait until it is their turn. */
const inTurn = <Row, Out>(view: View<Row, Out>, turn: Turns): View<Row, Out> => ({
  read: (streams) => turn(() => view.read(streams)),
  write: (changes, checkpoint) => turn(() => view.write(changes, checkpoint)),
  checkpoint: view.checkpoint,
});

const projectionsOn = (keyspace: Keyspace, history: History, turn: Turns): readonly BoundProjection<SessionEvent>[] => {
  const views = viewsOf(keyspace);
  return [
    bindProjection(discovery, inTurn(views.discovery, turn), history.readStream),
    bindProjection(sessions, inTurn(views.sessions, turn), history.readStream),
    bindProjection(feeds, inTurn(views.feeds.view, turn), history.readStream),
    bindProjection(sessionDueTimes, inTurn(views.dueTimes.sessions, turn), history.readStream),
  ];
};

/** Goes through the history in batches of any size, now and then beginning again a little before. */
const project = async (history: History, projections: readonly BoundProjection<SessionEvent>[], seed: number) => {
  const { fraction } = seededChance(seed);
  for (let at = 0; at < history.events.length; ) {
    const batch = history.events.slice(at, at + 1 + Math.floor(fraction() * 12));
    for (const projection of projections) await projection.apply(batch, batch.at(-1)?.position ?? 0);
    at = fraction() < 0.15 ? Math.max(0, at - 8) : at + batch.length;
  }
};

/** Runs one operation of anybody's at a time, whose turn it is by chance, until all the work is done. */
const interleave = async (seed: number, workers: readonly ((turn: Turns) => Promise<void>)[]): Promise<void> => {
  const { fraction } = seededChance(seed);
  const waiting: (() => Promise<void>)[] = [];
  const turn: Turns = (operation) =>
    new Promise((resolve, reject) => waiting.push(() => operation().then(resolve, reject)));
  let isDone = false;
  const work = Promise.all(workers.map((worker) => worker(turn))).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await settle();
    const [next] = waiting.splice(Math.floor(fraction() * waiting.length), 1);
    await next?.();
  }
  await work;
};

const everything = async (keyspace: Keyspace, history: History) => {
  const views = viewsOf(keyspace);
  const streams: StreamName[] = [...new Set(history.events.map(({ stream }) => stream))].toSorted();
  const rowsOf = async (view: View<unknown>) => {
    const rows = await view.read(streams);
    return streams.map((stream) => [stream, rows.get(stream)]);
  };
  /** What an identity is told, in any order: two who work side by side may number it otherwise. */
  const toldTo = async (identity: string) => {
    const { items } = await views.feeds.feeds.read(identity, null, 1_000);
    return items.map(({ sessionId, delivered }) => JSON.stringify([sessionId, delivered])).toSorted();
  };
  const all = { before: null, skip: 0, limit: 1_000, now: t0 };
  const filters = [
    { tags: [], service: null, except: null },
    { tags: ['b', 'c', 'd'], service: null, except: 'alice' },
    { tags: ['a'], service: { name: 'chat', range: '*' }, except: null },
  ];
  return {
    rows: await Promise.all(
      [views.discovery, views.sessions, views.feeds.view, views.dueTimes.sessions].map((view) =>
        rowsOf(view as View<unknown>),
      ),
    ),
    told: await Promise.all(['alice', 'bob', 'carol'].map(toldTo)),
    pages: await Promise.all(filters.map((filter) => views.discovery.page(filter, all))),
    counts: [...(await views.discovery.count(['a', 'b', 'c', 'd'], true, t0))],
    living: await Promise.all([undefined, 'alice', 'bob'].map((identity) => views.sessions.liveCount(t0, identity))),
    due: await views.dueTimes.dueTimes.size(),
    next: await views.dueTimes.dueTimes.next(),
    checkpoint: await views.sessions.checkpoint(),
  };
};

describe('two projectors that show the same events at once', () => {
  it.each(Array.from({ length: 25 }, (_, seed) => seed))('leave what one leaves (seed %i)', async (seed) => {
    const history = aHistory(seed, 60);

    const alone = await aReadSide();
    await project(
      history,
      projectionsOn(alone.live, history, (operation) => operation()),
      1,
    );

    const shared = await aReadSide();
    const other = generationsOf(await connect({ namespace: shared.redis.namespace }));
    await interleave(seed, [
      (turn) => project(history, projectionsOn(shared.live, history, turn), 2 * seed),
      (turn) => project(history, projectionsOn(other.live, history, turn), 2 * seed + 1),
    ]);

    expect(await everything(other.live, history)).toEqual(await everything(alone.live, history));
  });
});
