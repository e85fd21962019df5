import type { SessionEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import { createProjectionRunner, type NewEvent, streamName } from '@signalbox/event-sourcing';
import { memoryEventLog } from '@signalbox/memory';
import { bindProjections, follow } from '@signalbox/projector';
import {
  answered,
  candidatesAdded,
  metadata,
  offered,
  seededChance,
  settle,
  t0,
  unsealed,
  until,
  withdrawn,
} from '@signalbox/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createReadSide } from '../src/read-side.ts';
import { createRebuilds, type DoneRebuild } from '../src/rebuilds.ts';
import { switchableReadSide } from '../src/switchable-read-side.ts';

const createRig = () => {
  const chance = seededChance(3);
  const time = { now: t0 };
  const log = memoryEventLog({ now: () => time.now, id: 'log-1' });
  const codec = createEventCodec(unsealed);
  // A disk lets others go on while it reads.
  const disk: typeof log = {
    ...log,
    readAll: async (...range) => {
      await settle();
      return log.readAll(...range);
    },
    readLive: async (about) => {
      const live = await log.readLive(about);
      async function* pages() {
        for await (const page of live.pages) {
          for (let start = 0; start < page.length; start += 100) {
            await settle();
            yield page.slice(start, start + 100);
          }
        }
      }
      return { ...live, pages: pages() };
    },
  };
  const readSide = switchableReadSide({
    ...{ log: disk, codec, make: () => createReadSide({ chance, epoch: log.id }) },
    bind: (views) => bindProjections(views, { log, codec }),
  });
  const runner = createProjectionRunner({ codec, projections: [readSide.projection] });
  const stop = new AbortController();
  const following = follow(log, runner, { after: 0, signal: stop.signal });
  onTestFinished(async () => {
    stop.abort();
    await following;
  });
  /** Resolves when the read models show it, as a command does. */
  const record = async (id: string, events: readonly SessionEvent[]) => {
    const stream = streamName('session', id);
    const before = (await log.readStream(stream)).length;
    const encoded = await codec.encode(stream, before, events, null);
    const added = encoded.map(
      (event): NewEvent => ({ ...event, id: chance.uuid(), metadata: metadata(), hash: null, previousHash: null }),
    );
    const appended = await log.append(stream, added, 'any');
    if (appended.kind === 'appended') await runner.reached(appended.position);
  };
  return { log, readSide, record, time, chance };
};

const noFilter = { tags: [], service: null, except: null };
const all = { before: null, skip: 0, limit: 10_000, now: t0 };

describe('rebuilding the read models of a standalone server', () => {
  it('changes nothing that anyone is shown', async () => {
    const { readSide, record } = createRig();
    for (let i = 0; i < 30; i++) await record(`s${i}`, [offered()]);
    for (let i = 0; i < 30; i += 2) await record(`s${i}`, [answered(), candidatesAdded()]);
    await record('s1', [withdrawn()]);
    const look = async () => ({
      offers: await readSide.discovery.page(noFilter, all),
      session: await readSide.sessions.find('s4'),
      live: await readSide.sessions.liveCount(t0),
      feed: await readSide.feeds.read('alice', null, 1_000),
      due: await readSide.dueTimes.next(),
    });
    const before = await look();
    expect(before.offers).toHaveLength(14);
    expect(before.feed.items).toHaveLength(30);
    await readSide.rebuild(t0 - 1_000, () => undefined);
    expect(await look()).toEqual(before);
    await record('s3', [answered()]);
    expect((await look()).offers).toHaveLength(13);
    expect((await readSide.feeds.read('alice', before.feed.point, 10)).items).toHaveLength(1);
  });

  it('fails no read and hides no write while many are made, rebuild after rebuild', async () => {
    const { readSide, record, log } = createRig();
    for (let i = 0; i < 2_500; i++) await record(`old${i}`, [offered({ tags: ['old'] })]);
    let over = false;
    let reads = 0;
    let made = 0;
    const reading = (async () => {
      while (!over) {
        const counts = await readSide.discovery.count(['old'], false, t0);
        expect(counts.get('old')).toBe(2_500);
        reads++;
        await settle();
      }
    })();
    const writing = (async () => {
      while (!over) {
        const id = `new${made++}`;
        await record(id, [offered({ tags: ['new'] })]);
        expect((await readSide.sessions.find(id))?.state).toBe('open');
        expect((await readSide.discovery.count(['new'], false, t0)).get('new')).toBe(made);
        await settle();
      }
    })();
    const steps: number[] = [];
    for (let round = 0; round < 3; round++) {
      const { events, position } = await readSide.rebuild(t0 - 1_000, ({ position }) => steps.push(position));
      expect(events).toBeGreaterThanOrEqual(2_500);
      expect(position).toBeLessThanOrEqual(await log.head());
    }
    over = true;
    await Promise.all([reading, writing]);
    expect(reads).toBeGreaterThan(10);
    expect(made).toBeGreaterThan(10);
    expect(steps.length).toBeGreaterThan(3);
  });

  it('wakes who waits for a feed or for a due time, also after the switch', async () => {
    const { readSide, record } = createRig();
    await record('s1', [offered()]);
    const { point } = await readSide.feeds.read('alice', null, 10);
    const waiting = readSide.feeds.changed('alice', point, new AbortController().signal);
    let heard = 0;
    const stop = readSide.dueTimes.onEarlier(() => heard++);
    await readSide.rebuild(t0 - 1_000, () => undefined);
    await waiting;
    expect(heard).toBe(1);
    const again = readSide.feeds.changed('alice', point, new AbortController().signal);
    await record('s2', [offered({ expiresAt: t0 + 10 })]);
    expect(heard).toBe(2);
    await record('s1', [answered()]);
    await again;
    stop();
    await record('s3', [offered({ expiresAt: t0 + 5 })]);
    expect(heard).toBe(2);
  });
});

describe('rebuilds', () => {
  const rebuildsOf = (rebuild: Parameters<typeof createRebuilds>[0]['readSide']['rebuild']) => {
    const done: DoneRebuild[] = [];
    const faults: unknown[] = [];
    let made = 0;
    const rebuilds = createRebuilds({
      ...{ readSide: { rebuild }, endedRetentionMs: 1_000, newId: () => `r${++made}`, now: () => t0 },
      onDone: async (one) => void done.push(one),
      onFault: (error) => faults.push(error),
    });
    return { rebuilds, done, faults };
  };

  it('go one at a time, tell how far they are, and are recorded when they are done', async () => {
    const finish = Promise.withResolvers<void>();
    const { rebuilds, done } = rebuildsOf(async (closedSince, onStep) => {
      expect(closedSince).toBe(t0 - 1_000);
      onStep({ events: 5, position: 7, head: 9 });
      await finish.promise;
      return { events: 6, position: 9, head: 9 };
    });
    expect(await rebuilds.begin('all')).toBe('r1');
    expect(await rebuilds.begin('all')).toBe('r1');
    const about = { rebuildId: 'r1', name: 'all' };
    expect(await rebuilds.find('all', 'r1')).toEqual({ ...about, state: 'running', events: 5, position: 7, head: 9 });
    finish.resolve();
    await until('it is done', async () => (await rebuilds.find('all', 'r1'))?.state === 'done');
    expect(done).toEqual([{ ...about, events: 6, position: 9, head: 9, startedAt: t0, finishedAt: t0 }]);
    expect(await rebuilds.find('all', 'r2')).toBeUndefined();
    expect(await rebuilds.begin('all')).toBe('r2');
  });

  it('tell that one failed, and take the next', async () => {
    const { rebuilds, faults } = rebuildsOf(() => Promise.reject(new Error('the log is away')));
    await rebuilds.begin('all');
    await until('it failed', async () => (await rebuilds.find('all', 'r1'))?.state === 'failed');
    expect(faults).toHaveLength(1);
    expect(await rebuilds.begin('all')).toBe('r2');
  });
});
