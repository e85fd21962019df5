import { getEventListeners } from 'node:events';
import { LogUnavailable } from '@signalbox/event-sourcing';
import type { DueRow } from '@signalbox/read-models';
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
    expect(rig.clock.pending, 'nothing is due, ever').toBe(0);
    await rig.publish(60_000);
    await settle();
    expect(rig.clock.pending).toBe(1);
    const [early] = await rig.publish(5_000);
    await rig.clock.advance(5_000);
    expect(await streams()).toEqual([`session-${early}`]);
    await rig.clock.advance(55_000);
    expect(await streams()).toHaveLength(2);
    await stop();
  });

  it('misses no due time that comes up while it asks for the earliest', async () => {
    let before: (() => Promise<void>) | undefined = async () => {
      await rig.publish(5_000);
    };
    const due = async (now: number, limit: number) => {
      const [rows, first] = [await rig.due.due(now, limit), before];
      before = undefined;
      await first?.();
      return rows;
    };
    const { stop } = await run({ ...rig.options, due: { ...rig.due, due } });
    await settle();
    expect(rig.clock.pending).toBe(1);
    await rig.clock.advance(5_000);
    expect(await rig.recordedEnds()).toHaveLength(1);
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
    expect(rig.clock.pending).toBe(0);
    await stop();
  });

  it('beside another one still ends each once', async () => {
    await rig.publish(5_000, 50);
    const [one, other] = [await run(rig.options), await run(rig.options)];
    await rig.clock.advance(5_000);
    expect(await rig.recordedEnds()).toHaveLength(50);
    expect(rig.ended).toHaveLength(50);
    await one.stop();
    await other.stop();
  });
});

describe('what is due by the read model and not by its stream', () => {
  const stuck = (count: number): readonly DueRow[] =>
    Array.from({ length: count }, (_, i) => ({ kind: 'session', id: `gone-${i}`, dueAt: t0 }));
  const dueAlso = (rows: readonly DueRow[]) => ({
    ...rig.due,
    due: async (now: number, limit: number) => [...rows, ...(await rig.due.due(now, limit))].slice(0, limit),
  });
  const countingTries = () => {
    let tries = 0;
    const expire: typeof rig.sessions.expire = (...args) => {
      tries++;
      return rig.sessions.expire(...args);
    };
    return { sessions: { expire }, tries: () => tries };
  };

  it('is tried again once a second, not in a circle', async () => {
    const { sessions, tries } = countingTries();
    const { stop } = await run({ ...rig.options, sessions, due: dueAlso(stuck(1)) });
    await settle();
    expect([tries(), rig.clock.pending]).toEqual([1, 1]);
    await rig.clock.advance(999);
    expect(tries()).toBe(1);
    await rig.clock.advance(1);
    expect(tries()).toBe(2);
    await rig.clock.advance(10_000);
    expect(tries()).toBe(12);
    expect([rig.ended, await rig.recordedEnds()]).toEqual([[], []]);
    await stop();
    expect(rig.clock.pending).toBe(0);
  });

  it('keeps nothing else from its end, however much of it there is', async () => {
    await rig.publish(5_000);
    const { stop } = await run({ ...rig.options, due: dueAlso(stuck(1_000)) });
    await rig.clock.advance(5_000);
    expect(await rig.recordedEnds()).toHaveLength(1);
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
    expect([rig.clock.pending, rig.due.listeners()]).toEqual([0, 1]);
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
    expect(await streams()).toEqual([`session-${second[0]}`, `session-${first[0]}`]);
    expect(rig.ended).toEqual([
      ['session', 0],
      ['session', 40],
    ]);
    await stop();
  });

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
