import { getEventListeners } from 'node:events';
import type { Change, StreamName } from '@signalbox/event-sourcing';
import { streamName } from '@signalbox/event-sourcing';
import type { FeedOut, FeedPoint, FeedSessionRow } from '@signalbox/read-models';
import { describe, expect, it } from 'vitest';
import { feedWaiters } from '../src/feed-waiters.ts';
import { memoryFeeds } from '../src/feeds.ts';

const stream = (id: string): StreamName => streamName('session', id);
const anOut = (position: number, overrides?: Partial<FeedOut>): FeedOut => ({
  recipient: 'alice',
  sessionId: 'one',
  recordedAt: 1_000 + position,
  position,
  index: 0,
  delivered: { type: 'expired', was: 'open' },
  ...overrides,
});
const pointAt = (sequence: number): FeedPoint => ({ epoch: 'log-1', sequence, seen: [] });
const aChange = (position: number, ...out: readonly FeedOut[]): Change<FeedSessionRow, FeedOut> => ({
  stream: stream('one'),
  after: -1,
  revision: position,
  position,
  recordedAt: 0,
  row: { publisher: 'alice', answerer: null, waiting: [] },
  out,
});

describe('feeds in memory', () => {
  it('derive each sequence from the position and the index of the item', async () => {
    const { view, feeds } = memoryFeeds({ epoch: 'log-1' });
    await view.write([aChange(10, anOut(9), anOut(10), anOut(10, { index: 1 }))], 10);
    const page = await feeds.read('alice', null, 10);
    expect(page.items.map((item) => item.sequence)).toEqual([72, 80, 81]);
    expect(page.points).toEqual([72, 80, 81].map(pointAt));
    expect(page.point).toEqual(pointAt(87));
    expect((await feeds.read('alice', pointAt(79), 1)).items.map((item) => item.sequence)).toEqual([80]);
    expect((await feeds.read('alice', pointAt(79), 1)).point).toEqual(pointAt(80));
  });

  it('may have forgotten something before any point that is not beyond the last forgotten item', async () => {
    const { view, feeds } = memoryFeeds({ epoch: 'log-1' });
    await view.write([aChange(5, anOut(5))], 5);
    await view.write([{ ...aChange(9, anOut(9)), after: 5, row: undefined }], 9);
    await feeds.forget(Number.MAX_SAFE_INTEGER);
    const recovered = async (sequence: number) => (await feeds.read('alice', pointAt(sequence), 10)).recovered;
    expect([await recovered(0), await recovered(71), await recovered(72)]).toEqual([false, false, true]);
  });

  it('put the items of one batch in log order, whichever stream they come from', async () => {
    const { view, feeds } = memoryFeeds({ epoch: 'log-1' });
    const two = { ...aChange(7, anOut(7, { sessionId: 'two' })), stream: stream('two') };
    await view.write([aChange(9, anOut(5), anOut(9)), two], 9);
    const { items } = await feeds.read('alice', null, 10);
    expect(items.map((item) => item.sessionId)).toEqual(['one', 'two', 'one']);
    expect(items.map((item) => item.at)).toEqual([1_005, 1_007, 1_009]);
  });

  it('do not take an item again that was in the log up to the checkpoint, though its row is gone', async () => {
    const { view, feeds } = memoryFeeds({ epoch: 'log-1' });
    await view.write([{ ...aChange(5, anOut(5)), row: undefined }], 5);
    await view.write([{ ...aChange(8, anOut(5), anOut(8)), after: 5, row: undefined }], 8);
    expect((await feeds.read('alice', null, 10)).items.map((item) => item.sequence)).toEqual([40, 64]);
  });

  it('take the first end of a session for its end, whatever is recorded of it later', async () => {
    const { view, feeds } = memoryFeeds({ epoch: 'log-1' });
    await view.write([{ ...aChange(5, anOut(5)), row: undefined }], 5);
    await view.write(
      [
        { ...aChange(8), after: 5, row: undefined },
        { ...aChange(9, anOut(9)), stream: stream('two') },
      ],
      9,
    );
    await view.write([{ ...aChange(12), after: 8, row: undefined }], 12);
    expect(await feeds.forget(1_006)).toBe(1);
    expect(await feeds.forget(Number.MAX_SAFE_INTEGER)).toBe(0);
  });

  it('say what may be missing before the position that they were started from', async () => {
    const { view, feeds, startedFrom } = memoryFeeds({ epoch: 'log-1' });
    startedFrom(100);
    await view.write([aChange(50, anOut(50))], 50);
    await view.write([{ ...aChange(101, anOut(101)), after: 50 }], 101);
    const recovered = async (recipient: string, sequence: number | null) =>
      (await feeds.read(recipient, sequence === null ? null : pointAt(sequence), 10)).recovered;
    for (const recipient of ['alice', 'bob']) {
      expect(await recovered(recipient, null)).toBe(true);
      expect(await recovered(recipient, 8 * 50)).toBe(false);
      expect(await recovered(recipient, 8 * 100 + 6)).toBe(false);
      expect(await recovered(recipient, 8 * 100 + 7)).toBe(true);
    }
    expect((await feeds.readSession('alice', 'one', pointAt(8 * 50), 10)).recovered).toBe(false);
  });

  it('leave no listener on a signal whose wait is over', async () => {
    const { view, feeds } = memoryFeeds({ epoch: 'log-1' });
    const { signal } = new AbortController();
    const waiting = Array.from({ length: 100 }, () => feeds.changed('alice', pointAt(0), signal));
    expect(getEventListeners(signal, 'abort')).toHaveLength(100);
    await view.write([aChange(5, anOut(5))], 5);
    await Promise.all(waiting);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('waiters of a feed', () => {
  it('are forgotten once they are woken or have given up', async () => {
    const waiters = feedWaiters();
    const controller = new AbortController();
    const woken = [waiters.wait('alice', 5, new AbortController().signal), waiters.wait('alice', 7, controller.signal)];
    const bobs = waiters.wait('bob', 0, controller.signal);
    expect(waiters.size).toBe(2);
    waiters.wake('alice', 6);
    await woken[0];
    expect(waiters.size).toBe(2);
    controller.abort();
    await Promise.all([...woken, bobs]);
    expect(waiters.size).toBe(0);
  });

  it('do not stay when their signal was aborted before', async () => {
    const waiters = feedWaiters();
    await waiters.wait('alice', 0, AbortSignal.abort());
    expect(waiters.size).toBe(0);
  });

  it('are woken only by what lies beyond their cursor', async () => {
    const waiters = feedWaiters();
    let over = false;
    const waiting = waiters.wait('alice', 8, new AbortController().signal).then(() => {
      over = true;
    });
    waiters.wake('alice', 8);
    await Promise.resolve();
    await Promise.resolve();
    expect(over).toBe(false);
    waiters.wake('alice', 9);
    await waiting;
    expect(over).toBe(true);
  });
});
