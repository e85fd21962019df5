import { aCandidate, answered, candidatesAdded, offered, sdpAnswer, settle, withdrawn } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { feedCursor, pageCursor } from '../src/cursor.ts';
import type { FeedAnswer } from '../src/index.ts';
import { createRig, type Rig } from './rig.ts';

let rig: Rig;
let aborting: AbortController;
beforeEach(() => {
  rig = createRig();
  aborting = new AbortController();
});

const WAIT_MS = 25_000;

const read = async (options: { cursor?: string | null; limit?: number; waitMs?: number } = {}): Promise<FeedAnswer> => {
  const { cursor = null, limit = 100, waitMs = 0 } = options;
  const answer = await rig.feed.read('alice', { cursor, limit, waitMs, signal: aborting.signal });
  if (answer === 'invalid_cursor') throw new Error('The cursor is invalid.');
  return answer;
};

/** A read that waits, and whether it has been answered. */
const waiting = async (cursor: string | null = null) => {
  let answeredYet = false;
  const answer = read({ cursor, waitMs: WAIT_MS }).finally(() => {
    answeredYet = true;
  });
  await settle();
  return { answer, isAnswered: () => answeredYet };
};

const typesOf = ({ items }: FeedAnswer) => items.map(({ delivered }) => delivered.type);

describe('reading the feed', () => {
  it('gives each item with the cursor that leads on from it', async () => {
    await rig.record('s1', offered(), answered(), candidatesAdded());
    const all = await read();
    expect(all.recovered).toBe(true);
    expect(all.items.map(({ sessionId, delivered }) => ({ sessionId, delivered }))).toStrictEqual([
      {
        sessionId: 's1',
        delivered: { type: 'answered', answerer: 'bob', sdp: sdpAnswer, matchedTags: ['chat'] },
      },
      {
        sessionId: 's1',
        delivered: { type: 'candidates', from: 'bob', role: 'answerer', candidates: [aCandidate()], firstIndex: 0 },
      },
    ]);
    const [first, second] = all.items;
    expect(await read({ cursor: first!.cursor })).toStrictEqual({ ...all, items: [second] });
    expect(await read({ cursor: second!.cursor })).toStrictEqual({ ...all, items: [] });
    expect(await read({ cursor: all.cursor })).toStrictEqual({ ...all, items: [] });
    expect(await read(), 'reading consumes nothing').toStrictEqual(all);
  });

  it('gives at most as much as is asked for, and the cursor goes on from there', async () => {
    await rig.record('s1', offered(), answered(), candidatesAdded());
    const first = await read({ limit: 1 });
    expect([typesOf(first), first.cursor]).toEqual([['answered'], first.items[0]?.cursor]);
    expect(typesOf(await read({ limit: 1, cursor: first.cursor }))).toEqual(['candidates']);
  });

  it.each([
    ['garbage', 'garbage'],
    ['nothing', ''],
    ['a cursor of a page', pageCursor.encode(3)],
  ])('is refused for %s', async (_, cursor) => {
    const { signal } = aborting;
    expect(await rig.feed.read('alice', { cursor, limit: 1, waitMs: WAIT_MS, signal })).toBe('invalid_cursor');
    expect(await rig.feed.readSession('alice', 's1', { cursor, limit: 1 })).toBe('invalid_cursor');
    expect(rig.clock.pending).toBe(0);
  });

  it('starts over at a cursor of another log, says so, and does not wait', async () => {
    const foreign = feedCursor.encode({ epoch: 'log-2', sequence: 1_000_000, seen: [] });
    const empty = { items: [], cursor: expect.any(String), recovered: false };
    expect(await read({ cursor: foreign, waitMs: WAIT_MS })).toStrictEqual(empty);
    expect(await rig.feed.readSession('alice', 's1', { cursor: foreign, limit: 9 })).toStrictEqual(empty);
    await rig.record('s1', offered(), answered());
    const answer = await read({ cursor: foreign });
    expect([typesOf(answer), answer.recovered]).toEqual([['answered'], false]);
    expect((await read({ cursor: answer.cursor })).recovered, 'the cursor it got is good').toBe(true);
    expect(rig.clock.pending).toBe(0);
  });

  it('says when what lay behind the cursor has been forgotten', async () => {
    await rig.record('s1', offered(), answered());
    const { cursor } = await read();
    await rig.record('s1', candidatesAdded(), withdrawn());
    await rig.clock.advance(1_000);
    await rig.record('s2', offered(), answered());
    await rig.feeds.forget(rig.clock.now());
    const answer = await read({ cursor });
    expect([answer.items.map(({ sessionId }) => sessionId), answer.recovered]).toEqual([['s2'], false]);
  });

  it('of one session leaves out the others, and is by the same cursors', async () => {
    await rig.record('s1', offered(), answered());
    await rig.record('s2', offered(), answered(), candidatesAdded());
    const all = await read();
    const answer = await rig.feed.readSession('alice', 's2', { cursor: all.items[1]!.cursor, limit: 100 });
    expect(answer).toStrictEqual({ items: [all.items[2]], cursor: all.cursor, recovered: true });
  });

  it('by time leaves out what is not beyond it', async () => {
    await rig.record('s1', offered(), answered());
    const [first] = (await read()).items;
    await rig.clock.advance(5);
    await rig.record('s1', candidatesAdded());
    const types = (items: readonly { delivered: { type: string } }[]) => items.map(({ delivered }) => delivered.type);
    expect(types(await rig.feed.since('alice', 0))).toEqual(['answered', 'candidates']);
    expect(types(await rig.feed.since('alice', first!.at))).toEqual(['candidates']);
    expect(types(await rig.feed.sessionSince('alice', 's1', first!.at))).toEqual(['candidates']);
    expect(types(await rig.feed.sessionSince('alice', 's2', 0))).toEqual([]);
  });
});

describe('waiting for the feed', () => {
  it('ends at once when there is something already', async () => {
    await rig.record('s1', offered(), answered());
    expect(typesOf(await read({ waitMs: WAIT_MS }))).toEqual(['answered']);
    expect(rig.clock.pending).toBe(0);
  });

  it('ends as soon as something comes, and leaves no timer', async () => {
    await rig.record('s1', offered());
    const { answer, isAnswered } = await waiting();
    expect([isAnswered(), rig.clock.pending]).toEqual([false, 1]);
    await rig.record('s1', answered());
    expect(typesOf(await answer)).toEqual(['answered']);
    expect(rig.clock.pending).toBe(0);
  });

  it('goes on while things come for others, or for what was read before', async () => {
    await rig.record('s1', offered(), answered());
    const { cursor } = await read();
    const { answer, isAnswered } = await waiting(cursor);
    await rig.record('s2', offered({ publisher: 'bob' }), answered({ answerer: 'carol' }));
    await settle();
    expect(isAnswered()).toBe(false);
    await rig.record('s1', candidatesAdded());
    expect(typesOf(await answer)).toEqual(['candidates']);
  });

  it('ends empty when its time is over, with a cursor that loses nothing', async () => {
    const { answer, isAnswered } = await waiting();
    await rig.clock.advance(WAIT_MS - 1);
    expect(isAnswered()).toBe(false);
    await rig.clock.advance(1);
    const empty = await answer;
    expect(empty).toStrictEqual({ items: [], cursor: expect.any(String), recovered: true });
    expect(rig.clock.pending).toBe(0);
    await rig.record('s1', offered(), answered());
    expect(typesOf(await read({ cursor: empty.cursor }))).toEqual(['answered']);
  });

  it('ends when the client is gone, and leaves nothing behind', async () => {
    const { answer } = await waiting();
    expect(rig.clock.pending).toBe(1);
    aborting.abort();
    expect((await answer).items).toEqual([]);
    expect(rig.clock.pending).toBe(0);
    await rig.clock.advance(WAIT_MS);
  });

  it('that fails leaves no timer either', async () => {
    const changed = () => Promise.reject(new Error('away'));
    const { feed, clock } = createRig({ changed });
    const { signal } = aborting;
    await expect(feed.read('alice', { cursor: null, limit: 1, waitMs: WAIT_MS, signal })).rejects.toThrow('away');
    expect(clock.pending).toBe(0);
  });

  it('does not begin when the client is gone already', async () => {
    aborting.abort();
    expect((await read({ waitMs: WAIT_MS })).items).toEqual([]);
    expect(rig.clock.pending).toBe(0);
  });

  it('of many for the same feed ends for all of them together', async () => {
    const all = await Promise.all([waiting(), waiting(), waiting()]);
    expect(rig.clock.pending).toBe(3);
    await rig.record('s1', offered(), answered());
    for (const { answer } of all) expect(typesOf(await answer)).toEqual(['answered']);
    expect(rig.clock.pending).toBe(0);
  });
});
