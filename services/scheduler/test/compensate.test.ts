import { getEventListeners } from 'node:events';
import { LogUnavailable, streamName } from '@signalbox/event-sourcing';
import { memoryDueTimes } from '@signalbox/memory';
import type { DueTimes } from '@signalbox/read-models';
import { settle, t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRig, type Rig, run } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});

const streams = async () => (await rig.recordedEnds()).map(({ stream }) => stream);

describe('the scheduler', () => {
  it('ends what is due at its due time, of each kind, and remembers that nobody asked', async () => {
    const [id] = await rig.publish(5_000);
    await rig.issue('alice', 8_000);
    const { stop } = await run(rig.options);
    await rig.clock.advance(4_999);
    expect(await rig.recordedEnds()).toEqual([]);
    await rig.clock.advance(1);
    expect(await streams()).toEqual([`session-${id}`]);
    await rig.clock.advance(3_000);
    const cause = (kind: string, what: string, dueAt: number) => ({
      actor: 'system:scheduler',
      correlationId: `due-${kind}-${what}-${dueAt}`,
      causationId: `due-${kind}-${what}-${dueAt}`,
      trace: null,
      authorisation: {
        ...{ scheme: 'internal', key: null, algorithm: null, nonce: null, timestamp: null, signature: null },
        signedTextHash: null,
      },
    });
    expect(await rig.recordedEnds()).toStrictEqual([
      {
        ...{ stream: `session-${id}`, dueAt: t0 + 5_000, expiredAt: t0 + 5_000 },
        cause: cause('session', id ?? '', t0 + 5_000),
      },
      {
        ...{ stream: 'credential-alice', dueAt: t0 + 8_000, expiredAt: t0 + 8_000 },
        cause: cause('credential', 'alice', t0 + 8_000),
      },
    ]);
    expect(rig.ended).toEqual([
      ['session', 0],
      ['credential', 0],
    ]);
    await stop();
  });

  it('ends at once what fell due while it was away, with the true due time, and tells how late', async () => {
    await rig.publish(5_000);
    rig.clock.set(t0 + 65_000);
    const { stop } = await run(rig.options);
    expect(await rig.recordedEnds()).toMatchObject([{ dueAt: t0 + 5_000, expiredAt: t0 + 65_000 }]);
    expect(rig.ended).toEqual([['session', 60_000]]);
    await stop();
  });

  it('is woken by an earlier due time, and by the first one of all', async () => {
    const { stop } = await run(rig.options);
    await rig.publish(60_300);
    await settle();
    const [early] = await rig.publish(5_250);
    await rig.clock.advance(5_250);
    expect(await streams()).toEqual([`session-${early}`]);
    await rig.clock.advance(55_050);
    expect(await streams()).toHaveLength(2);
    expect(rig.ended).toEqual([
      ['session', 0],
      ['session', 0],
    ]);
    await stop();
  });

  it.each(['claim', 'next'] as const)('misses no due time that comes up while it asks: %s', async (question) => {
    let before: (() => Promise<void>) | undefined = async () => {
      await rig.publish(500);
    };
    const meanwhile = async <T>(answer: Promise<T>): Promise<T> => {
      const [found, first] = [await answer, before];
      before = undefined;
      await first?.();
      return found;
    };
    const asked: Partial<DueTimes> =
      question === 'next'
        ? { next: () => meanwhile(rig.due.next()) }
        : { claim: (...args) => meanwhile(rig.due.claim(...args)) };
    const { stop } = await run({ ...rig.options, due: { ...rig.due, ...asked } });
    await rig.clock.advance(500);
    expect(await rig.recordedEnds()).toHaveLength(1);
    expect(rig.ended).toEqual([['session', 0]]);
    await stop();
  });

  it('looks again every second where nobody can tell it of an earlier due time', async () => {
    const { stop } = await run({ ...rig.options, due: { ...rig.due, onEarlier: () => () => {} } });
    expect(rig.clock.pending, 'one timer, although nothing is due').toBe(1);
    await rig.publish(200);
    await rig.publish(1_700);
    await rig.clock.advance(999);
    expect(await rig.recordedEnds()).toEqual([]);
    await rig.clock.advance(1);
    expect(rig.ended).toEqual([['session', 800]]);
    await rig.clock.advance(700);
    expect(rig.ended).toEqual([
      ['session', 800],
      ['session', 0],
    ]);
    expect(rig.clock.pending).toBe(1);
    await stop();
  });

  it('follows a due time that moves: an answered session ends by its new one', async () => {
    const [id] = await rig.publish(10_000);
    const { stop } = await run(rig.options);
    await rig.clock.advance(9_000);
    const answer = { sdp: 'v=0', matchedTags: null, keepsLifetime: false };
    await rig.sessions.answer('bob', id ?? '', answer, rig.context);
    await rig.clock.advance(29_999);
    expect(await rig.recordedEnds()).toEqual([]);
    await rig.clock.advance(1);
    expect(await rig.recordedEnds()).toMatchObject([{ dueAt: t0 + 39_000, expiredAt: t0 + 39_000 }]);
    await stop();
  });

  it('ends each of a thousand that are due together, once, without letting time pass', async () => {
    for (let i = 0; i < 10; i++) await rig.publish(5_000, 100);
    const { stop } = await run(rig.options);
    await rig.clock.advance(5_000);
    const ends = await rig.recordedEnds();
    expect(new Set(ends.map(({ stream }) => stream)).size).toBe(1_000);
    expect(ends).toHaveLength(1_000);
    expect(new Set(rig.ended.map(([, lateMs]) => lateMs))).toEqual(new Set([0]));
    expect(rig.clock.pending).toBe(1);
    await stop();
  });

  it('beside another one still ends each once, and asks for each end once', async () => {
    await rig.publish(5_000, 600);
    const { sessions, tries } = countingTries();
    const [one, other] = [await run({ ...rig.options, sessions }), await run({ ...rig.options, sessions })];
    await rig.clock.advance(5_000);
    expect(await rig.recordedEnds()).toHaveLength(600);
    expect([rig.ended.length, tries()]).toEqual([600, 600]);
    await one.stop();
    await other.stop();
  });

  it('ends what another one had claimed before it died, once the lease is over', async () => {
    await rig.publish(5_000, 3);
    await rig.clock.advance(5_000);
    expect(await rig.due.claim(rig.clock.now(), 10, 5_000)).toHaveLength(3);
    const { stop } = await run(rig.options);
    await rig.clock.advance(4_999);
    expect(await rig.recordedEnds()).toEqual([]);
    await rig.clock.advance(1);
    expect(await rig.recordedEnds()).toHaveLength(3);
    expect(rig.ended).toEqual(Array(3).fill(['session', 5_000]));
    await stop();
  });
});

/** The commands that end sessions, and how often they were sent. */
const countingTries = () => {
  let tries = 0;
  const expire: typeof rig.sessions.expire = (...args) => {
    tries++;
    return rig.sessions.expire(...args);
  };
  return { sessions: { expire }, tries: () => tries };
};

describe('what is due by the read model and not by its stream', () => {
  /** The due times, and before them some of sessions that no log knows. */
  const dueAlso = async (count: number): Promise<DueTimes> => {
    const { sessions, dueTimes: stuck } = memoryDueTimes();
    const changes = Array.from({ length: count }, (_, i) => {
      const row = { kind: 'session', id: `gone-${i}`, dueAt: t0 } as const;
      return {
        stream: streamName('session', row.id),
        after: -1,
        revision: 0,
        position: i + 1,
        recordedAt: t0,
        row,
        out: [],
      };
    });
    await sessions.write(changes, count);
    return {
      ...rig.due,
      claim: async (now, limit, leaseMs) => {
        const first = await stuck.claim(now, limit, leaseMs);
        return [...first, ...(await rig.due.claim(now, limit - first.length, leaseMs))];
      },
      next: async () => {
        const times = [await stuck.next(), await rig.due.next()].filter((time) => time !== null);
        return times.length > 0 ? Math.min(...times) : null;
      },
    };
  };

  it('is tried again when its lease is over, not in a circle', async () => {
    const { sessions, tries } = countingTries();
    const { stop } = await run({ ...rig.options, sessions, due: await dueAlso(1) });
    await settle();
    expect([tries(), rig.clock.pending]).toEqual([1, 1]);
    await rig.clock.advance(4_999);
    expect(tries()).toBe(1);
    await rig.clock.advance(1);
    expect(tries()).toBe(2);
    await rig.clock.advance(50_000);
    expect(tries()).toBe(12);
    expect([rig.ended, await rig.recordedEnds()]).toEqual([[], []]);
    await stop();
    expect(rig.clock.pending).toBe(0);
  });

  it('keeps nothing else from its end, however much of it there is', async () => {
    await rig.publish(5_000);
    const { stop } = await run({ ...rig.options, due: await dueAlso(1_000) });
    await rig.clock.advance(5_000);
    expect(await rig.recordedEnds()).toHaveLength(1);
    expect(rig.ended).toEqual([['session', 0]]);
    await stop();
    expect(rig.clock.pending).toBe(0);
  });
});

describe('what falls due while something is being ended', () => {
  it('does not wait for it; a stop does', async () => {
    const [slow] = await rig.publish(5_000);
    await rig.publish(6_000);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const expire: typeof rig.sessions.expire = async (id, context) => {
      if (id === slow) await released;
      return rig.sessions.expire(id, context);
    };
    const running = await run({ ...rig.options, sessions: { expire } });
    await rig.clock.advance(6_000);
    expect(await rig.recordedEnds()).toHaveLength(1);
    const stopped = running.stop();
    await settle();
    expect(running.outcome()).not.toBe('ended');
    release();
    await stopped;
    expect(running.outcome()).toBe('ended');
    expect(await rig.recordedEnds()).toHaveLength(2);
  });

  it('is started for 256 at once and no more', async () => {
    await rig.publish(5_000, 300);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    let running = 0;
    const expire: typeof rig.sessions.expire = async (id, context) => {
      running++;
      await released;
      return rig.sessions.expire(id, context);
    };
    const { stop } = await run({ ...rig.options, sessions: { expire } });
    await rig.clock.advance(5_000);
    expect(running).toBe(256);
    release();
    await rig.clock.advance(1);
    expect(running).toBe(300);
    expect(await rig.recordedEnds()).toHaveLength(300);
    await stop();
  });

  it('is started as soon as another has ended: there are always 256 under way', async () => {
    await rig.publish(5_000, 300);
    const ending: (() => void)[] = [];
    const expire: typeof rig.sessions.expire = async (id, context) => {
      await new Promise<void>((resolve) => ending.push(resolve));
      return rig.sessions.expire(id, context);
    };
    const { stop } = await run({ ...rig.options, sessions: { expire } });
    await rig.clock.advance(5_000);
    for (const ended of [1, 2, 10]) {
      for (const end of ending.slice(0, ended)) end();
      await rig.clock.advance(0);
      expect([ended, ending.length]).toEqual([ended, 256 + ended]);
    }
    const stopped = stop();
    for (const end of ending) end();
    await stopped;
  });

  it('is started once, though its end takes longer than its lease', async () => {
    await rig.publish(5_000);
    let started = 0;
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const expire: typeof rig.sessions.expire = async (...args) => {
      started++;
      await released;
      return rig.sessions.expire(...args);
    };
    const { stop } = await run({ ...rig.options, sessions: { expire } });
    await rig.clock.advance(25_000);
    expect(started).toBe(1);
    release();
    await stop();
    expect([started, rig.ended]).toEqual([1, [['session', 20_000]]]);
  });
});

describe('a stop', () => {
  const leavesNothing = async (running: Awaited<ReturnType<typeof run>>) => {
    await running.stop();
    expect(running.outcome()).toBe('ended');
    expect([rig.clock.pending, rig.due.listeners(), getEventListeners(running.signal, 'abort').length]).toEqual([
      ...[0, 0, 0],
    ]);
  };

  it('leaves neither timer nor listener, while it waits for a due time', async () => {
    await rig.publish(60_000);
    const running = await run(rig.options);
    expect([rig.clock.pending, rig.due.listeners()]).toEqual([1, 1]);
    await leavesNothing(running);
    await rig.clock.advance(60_000);
    expect(await rig.recordedEnds(), 'it really has ended').toEqual([]);
  });

  it('leaves neither timer nor listener, while nothing is due', async () => {
    const running = await run(rig.options);
    expect([rig.clock.pending, rig.due.listeners()]).toEqual([1, 1]);
    await leavesNothing(running);
  });

  it('does not gather listeners over many rounds', async () => {
    const running = await run(rig.options);
    for (let i = 1; i <= 20; i++) {
      await rig.publish(100);
      await rig.clock.advance(100);
    }
    expect(await rig.recordedEnds()).toHaveLength(20);
    expect([rig.due.listeners(), getEventListeners(running.signal, 'abort').length]).toEqual([1, 1]);
    await leavesNothing(running);
  });
});

describe('an end that fails', () => {
  it('is thrown to whoever supervises; what else was due has ended, and the next run goes on', async () => {
    const [first, second] = [await rig.publish(5_000), await rig.publish(5_000)];
    const sessions: Pick<Rig['sessions'], 'expire'> = {
      expire: (id, context) =>
        id === first[0] ? Promise.reject(new LogUnavailable('The disk is full.')) : rig.sessions.expire(id, context),
    };
    const failing = await run({ ...rig.options, sessions });
    await rig.clock.advance(5_000);
    expect(failing.outcome()).toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(await streams()).toEqual([`session-${second[0]}`]);
    expect([rig.clock.pending, rig.due.listeners()]).toEqual([0, 0]);

    await rig.clock.advance(40);
    const { stop } = await run(rig.options);
    await rig.clock.advance(4_960);
    expect(await streams()).toEqual([`session-${second[0]}`, `session-${first[0]}`]);
    expect(rig.ended).toEqual([
      ['session', 0],
      ['session', 5_000],
    ]);
    await stop();
  });

  it.each(['claim', 'next'] as const)(
    'or a look that does, is thrown when all that was begun has ended: %s',
    async (question) => {
      await rig.publish(5_000);
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const expire: typeof rig.sessions.expire = async (...args) => {
        await released;
        return rig.sessions.expire(...args);
      };
      let broken = false;
      const due: DueTimes = {
        ...rig.due,
        claim: (...args) =>
          broken && question === 'claim' ? Promise.reject(new Error('away')) : rig.due.claim(...args),
        next: () => (broken && question === 'next' ? Promise.reject(new Error('away')) : rig.due.next()),
      };
      const failing = await run({ ...rig.options, due, sessions: { expire } });
      await rig.clock.advance(5_000);
      broken = true;
      await rig.clock.advance(1_000);
      expect(failing.outcome()).toBe('running');
      release();
      await settle();
      expect(failing.outcome()).toEqual(new Error('away'));
      expect(await rig.recordedEnds()).toHaveLength(1);
      expect([rig.clock.pending, rig.due.listeners(), getEventListeners(failing.signal, 'abort').length]).toEqual([
        ...[0, 0, 0],
      ]);
    },
  );

  it('is thrown also when it is a refusal', async () => {
    await rig.issue('alice', 5_000);
    const credentials: Pick<Rig['credentials'], 'expire'> = {
      expire: async () => ({ kind: 'refused', refusal: { code: 'contended' } }),
    };
    const failing = await run({ ...rig.options, credentials });
    await rig.clock.advance(5_000);
    expect(failing.outcome()).toEqual(new Error('The end of credential alice was refused: contended.'));
  });
});
