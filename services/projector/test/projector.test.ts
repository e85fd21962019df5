import { answered, candidatesAdded, issued, offered, settle, swept, t0, withdrawn } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { followInBatches, resume } from '../src/app.ts';
import { failing, type Log, newLog, newReadSide, record, run } from './rig.ts';

let log: Log;
beforeEach(() => {
  log = newLog();
});

const publish = (id: string) => record(log, `session-${id}`, false, offered());
const withdraw = (id: string) => record(log, `session-${id}`, true, withdrawn());
const live = (closedSince = t0 + 1) => log.readLive({ closedSince });

const openIn = async ({ discovery }: ReturnType<typeof newReadSide>) => {
  const filter = { tags: ['chat'], service: null, except: null };
  const page = await discovery.page(filter, { before: null, skip: 0, limit: 1_000, now: t0 });
  return page.map(({ sessionId }) => sessionId).toSorted();
};

describe('resuming', () => {
  it('fills every view from what is alive, and tells where it read the log and how much of it', async () => {
    await publish('s1');
    await record(log, 'session-s2', false, offered(), answered(), candidatesAdded());
    await record(log, 'credential-alice', false, issued());
    const readSide = newReadSide(log);
    expect(await resume(await live(), readSide.runner)).toStrictEqual({ position: 5, events: 5 });
    expect(await openIn(readSide)).toEqual(['s1']);
    expect((await readSide.sessions.find('s2'))?.answererCandidates).toBe(1);
    expect((await readSide.feeds.read('alice', null, 10)).items.map(({ delivered }) => delivered.type)).toEqual([
      ...['answered', 'candidates'],
    ]);
    expect((await readSide.credentials.find('alice'))?.sealedSecret).toBe('sealed-1');
    expect(await readSide.dueTimes.size()).toBe(3);
  });

  it('reads nothing of what has ended long ago, however much that is', async () => {
    for (let i = 0; i < 200; i++) await record(log, `session-old${i}`, true, offered(), withdrawn());
    await record(log, 'operations-2026-11-20', true, swept());
    await publish('s1');
    const readSide = newReadSide(log);
    expect(await resume(await live(), readSide.runner)).toStrictEqual({ position: 402, events: 1 });
    expect(await readSide.sessions.find('old7')).toBeUndefined();
    expect(await openIn(readSide)).toEqual(['s1']);
  });

  it('reads what has ended lately', async () => {
    await record(log, 'session-s1', true, offered(), withdrawn());
    const readSide = newReadSide(log);
    expect(await resume(await live(t0), readSide.runner)).toStrictEqual({ position: 2, events: 2 });
    expect((await readSide.sessions.find('s1'))?.state).toBe('withdrawn');
  });

  it('of an empty log is at its start', async () => {
    expect(await resume(await live(), newReadSide(log).runner)).toStrictEqual({ position: 0, events: 0 });
  });
});

describe('following', () => {
  it('goes on where the start left off: nothing that came in between is lost, nothing counts twice', async () => {
    await publish('s1');
    await publish('s2');
    const snapshot = await live();
    await withdraw('s1');
    await publish('s3'); // after the snapshot, before it is read
    const readSide = newReadSide(log);
    const { position } = await resume(snapshot, readSide.runner);
    await publish('s4'); // after it was read, before it is followed
    const { stop } = await run(log, readSide.runner, position);
    expect(await openIn(readSide)).toEqual(['s2', 's3', 's4']);
    await publish('s5');
    await withdraw('s2');
    await readSide.runner.reached(await log.head());
    expect(await openIn(readSide)).toEqual(['s3', 's4', 's5']);
    expect(await readSide.sessions.liveCount(t0)).toBe(3);
    await stop();
  });

  it('shows the same in the end as a read of the whole log', async () => {
    for (let i = 0; i < 40; i++) {
      await publish(`s${i}`);
      if (i % 3 === 0) await withdraw(`s${i}`);
      if (i % 3 === 1) await record(log, `session-s${i}`, false, answered(), candidatesAdded());
    }
    const resumed = newReadSide(log);
    const { position } = await resume(await live(), resumed.runner);
    const whole = newReadSide(log);
    const followers = [await run(log, resumed.runner, position), await run(log, whole.runner, 0)];
    for (let i = 40; i < 60; i++) await publish(`s${i}`);
    for (const { runner } of [resumed, whole]) await runner.reached(await log.head());
    expect(await openIn(resumed)).toEqual(await openIn(whole));
    expect((await resumed.feeds.read('alice', null, 1_000)).items).toStrictEqual(
      (await whole.feeds.read('alice', null, 1_000)).items,
    );
    const waiting = ({ dueTimes }: typeof whole) => dueTimes.claim(Number.MAX_SAFE_INTEGER, 1_000, 0);
    expect(await waiting(resumed)).toStrictEqual(await waiting(whole));
    expect(await resumed.dueTimes.size()).toBeGreaterThan(0);
    for (const { stop } of followers) await stop();
  });

  it('takes what it has seen before as seen', async () => {
    await record(log, 'session-s1', false, offered(), answered(), candidatesAdded());
    const readSide = newReadSide(log);
    for (let i = 0; i < 2; i++) {
      const { stop } = await run(log, readSide.runner, 0);
      await stop();
    }
    expect((await readSide.feeds.read('alice', null, 10)).items).toHaveLength(2);
    expect((await readSide.sessions.find('s1'))?.answererCandidates).toBe(1);
  });

  it('ends when it is stopped, idle as it may be, and applies nothing after that', async () => {
    const readSide = newReadSide(log);
    const running = await run(log, readSide.runner, 0);
    await publish('s1');
    await readSide.runner.reached(1);
    await running.stop();
    expect(running.outcome()).toBe('ended');
    await publish('s2');
    await settle();
    expect(await openIn(readSide)).toEqual(['s1']);
  });
});

describe('following in batches', () => {
  /** A log that delivers commit by commit, as one does whose tail is followed. */
  const byCommit = (): Pick<Log, 'readAll' | 'head' | 'subscribeAll'> => ({
    ...log,
    subscribeAll: async function* (after, options) {
      for await (const delivery of log.subscribeAll(after, options)) {
        if (delivery.kind === 'caught_up') yield delivery;
        else for (const event of delivery.events) yield { kind: 'events', events: [event] };
      }
    },
  });

  const rig = (after = 0) => {
    const { runner, ...readSide } = newReadSide(log);
    const sizes: number[] = [];
    const counting: typeof runner = {
      ...runner,
      apply: async (batch) => {
        sizes.push(batch.length);
        await runner.apply(batch);
      },
    };
    const aborting = new AbortController();
    let rested = Promise.withResolvers<void>();
    const ended = followInBatches(byCommit(), counting, { after, signal: aborting.signal, rest: () => rested.promise });
    return {
      ...{ sizes, readSide: { ...readSide, runner } },
      wake: async () => {
        rested.resolve();
        await settle();
        rested = Promise.withResolvers();
      },
      stop: async () => {
        aborting.abort();
        rested.resolve();
        await ended;
      },
    };
  };

  it('applies together, in order, what was recorded while it rested, and rests only at the end of the log', async () => {
    for (let i = 0; i < 600; i++) await publish(`old${i}`);
    const { sizes, readSide, wake, stop } = rig();
    await readSide.runner.reached(600);
    expect(sizes, 'nothing waits that is there already').toEqual([250, 250, 100]);
    sizes.length = 0;
    await publish('s1');
    await publish('s2');
    await withdraw('s1');
    await settle();
    expect(sizes).toEqual([]);
    await wake();
    expect(sizes).toEqual([3]);
    expect((await openIn(readSide)).filter((id) => id.startsWith('s'))).toEqual(['s2']);
    await wake();
    expect(sizes, 'it does not apply what it has applied').toEqual([3]);
    await stop();
  });

  it('ends while it rests, and what it has not applied is applied by whoever goes on', async () => {
    const first = rig();
    await settle();
    await publish('s1');
    await first.stop();
    expect(first.readSide.runner.position).toBe(0);
    const second = rig(first.readSide.runner.position);
    await second.readSide.runner.reached(1);
    expect(await openIn(second.readSide)).toEqual(['s1']);
    await second.stop();
  });
});

describe('a batch that cannot be applied', () => {
  it('is thrown to whoever supervises, and comes again: nothing is passed over', async () => {
    await publish('s1');
    const readSide = newReadSide(log, ({ discovery }) => ({ discovery: failing(discovery, 2) }));
    const attempts = [await run(log, readSide.runner, 0), await run(log, readSide.runner, readSide.runner.position)];
    for (const { outcome } of attempts) expect(outcome()).toEqual(new Error('The store is away.'));
    expect([readSide.runner.position, await openIn(readSide)]).toEqual([0, []]);
    await publish('s2');
    const { stop, outcome } = await run(log, readSide.runner, readSide.runner.position);
    expect(outcome()).toBe('running');
    expect(await openIn(readSide)).toEqual(['s1', 's2']);
    await publish('s3');
    await readSide.runner.reached(3);
    expect(await openIn(readSide)).toEqual(['s1', 's2', 's3']);
    await stop();
  });

  it('leaves views that had taken it as they are, and brings up those that had not', async () => {
    const readSide = newReadSide(log, ({ feeds }) => ({ feeds: failing(feeds, 1) }));
    await record(log, 'session-s1', false, offered(), answered());
    await run(log, readSide.runner, 0);
    await record(log, 'session-s1', false, candidatesAdded());
    const { stop } = await run(log, readSide.runner, readSide.runner.position);
    expect((await readSide.feeds.read('alice', null, 10)).items.map(({ delivered }) => delivered.type)).toEqual([
      ...['answered', 'candidates'],
    ]);
    expect((await readSide.sessions.find('s1'))?.answererCandidates).toBe(1);
    await stop();
  });

  it('is not passed over by one that comes after it', async () => {
    const readSide = newReadSide(log, ({ sessions }) => ({ sessions: failing(sessions, 1) }));
    await publish('s1');
    await run(log, readSide.runner, 0);
    await publish('s2');
    const beyond = await run(log, readSide.runner, 1);
    expect(beyond.outcome()).toMatchObject({ message: expect.stringContaining('has to be applied before') });
    expect(readSide.runner.position).toBe(0);
    expect(await openIn(readSide), 'no view has seen what came after it').toEqual(['s1']);
  });
});
