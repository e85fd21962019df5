import { streamName } from '@signalbox/event-sourcing';
import type { DueRow } from '@signalbox/read-models';
import { t0, until } from '@signalbox/testing';
import { redisDueTimes } from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { aReadSide, connect, generationsOf, switchToEmpty } from './redis.ts';

const due = (id: string, dueAt: number): DueRow => ({ kind: 'session', id, dueAt });

/** The due times of two processes. */
const setUp = async () => {
  const { live, redis, generations } = await aReadSide();
  const there = generationsOf(await connect({ namespace: redis.namespace })).live;
  const listening = (channel: string) =>
    until('the other listens', async () => {
      const answer = await redis.send('PUBSUB', 'NUMSUB', `${redis.namespace}:${channel}`);
      return (answer as readonly unknown[])[1] === 1;
    });
  return { here: redisDueTimes(live), there: redisDueTimes(there), generations, listening };
};

const put = (view: ReturnType<typeof redisDueTimes>['sessions'], row: DueRow, position: number) =>
  view.write(
    [{ stream: streamName('session', row.id), after: -1, revision: 0, position, recordedAt: 0, row, out: [] }],
    position,
  );

describe('the due times of several processes', () => {
  it('gives each to one of them', async () => {
    const { here, there } = await setUp();
    for (let i = 0; i < 90; i++) await put(here.sessions, due(`s${i}`, t0 + i), i + 1);
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? here : there).dueTimes.claim(t0 + 100, 9, 5_000)),
    );
    expect(new Set(claims.flat().map(({ id }) => id)).size).toBe(90);
    expect(claims.flat().length).toBe(90);
    expect(await there.dueTimes.claim(t0 + 100, 100, 5_000)).toEqual([]);
    expect(await there.dueTimes.next()).toBe(t0 + 5_100);
    expect((await there.dueTimes.claim(t0 + 5_100, 100, 5_000)).length).toBe(90);
  });

  it('tells all of them when what is earliest has got earlier', async () => {
    const { here, there, listening } = await setUp();
    let told = 0;
    const stop = there.dueTimes.onEarlier(() => told++);
    await listening('due-times');
    await put(here.sessions, due('a', t0 + 50), 1);
    await until('it is told', () => told === 1);
    await put(here.sessions, due('b', t0 + 60), 2);
    await put(here.sessions, due('c', t0 + 40), 3);
    await until('it is told again', () => told === 2);
    stop();
    await put(here.sessions, due('d', t0 + 30), 4);
    await put(there.sessions, due('e', t0 + 20), 5);
    expect(told).toBe(2);
  });

  it('tells them when other read models take the place of these', async () => {
    const { there, generations, listening } = await setUp();
    let told = 0;
    const stop = there.dueTimes.onEarlier(() => told++);
    await listening('generation');
    await switchToEmpty(generations);
    await until('it is told', () => told === 1);
    stop();
  });
});
