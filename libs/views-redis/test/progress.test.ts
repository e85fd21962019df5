import { streamName, type View } from '@signalbox/event-sourcing';
import { fakeClock, seededChance, settle, t0, until } from '@signalbox/testing';
import {
  type Keyspace,
  redisCredentials,
  redisDiscovery,
  redisFeeds,
  redisProgress,
  redisSessions,
} from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { aReadSide } from './redis.ts';

const retentionMs = 60_000;
const one = streamName('session', 'one');

const setUp = async () => {
  const clock = fakeClock(t0);
  const { live } = await aReadSide(clock);
  const progress = redisProgress(live, { retentionMs, monotonic: clock.monotonic, after: clock.after });
  return { clock, live, progress };
};

const viewsOf = (live: Keyspace) => ({
  discovery: redisDiscovery(live, { chance: seededChance(1) }) as View<unknown, unknown>,
  sessions: redisSessions(live) as View<unknown, unknown>,
  feeds: redisFeeds(live, { logId: async () => 'log' }).view as View<unknown, unknown>,
  credentials: redisCredentials(live) as View<unknown, unknown>,
});

/** Shows a stream at a revision, as a row that the projection keeps nothing in. */
const shown = async (view: View<unknown, unknown>, stream: typeof one, revision: number) =>
  view.write([{ stream, after: -1, revision, position: 5, recordedAt: t0, row: undefined, out: [] }], 5);

describe('progress', () => {
  it('has shown nothing when nothing was asked for', async () => {
    const { progress } = await setUp();
    expect(await progress.shows([], t0, 0)).toBe(true);
  });

  it('has shown a session once discovery, sessions and feeds do', async () => {
    const { live, progress } = await setUp();
    const views = viewsOf(live);
    const shows = (revision: number) => progress.shows([{ stream: one, revision }], t0, 0);
    for (const view of [views.discovery, views.sessions, views.feeds]) {
      expect(await shows(2)).toBe(false);
      await shown(view, one, 2);
    }
    expect(await shows(2)).toBe(true);
    expect(await shows(1)).toBe(true);
    expect(await shows(3)).toBe(false);
  });

  it('has shown a credential once the credentials do', async () => {
    const { live, progress } = await setUp();
    const stream = streamName('credential', 'alice');
    expect(await progress.shows([{ stream, revision: 0 }], t0, 0)).toBe(false);
    await shown(viewsOf(live).credentials, stream, 0);
    expect(await progress.shows([{ stream, revision: 0 }], t0, 0)).toBe(true);
    expect(
      await progress.shows(
        [
          { stream, revision: 0 },
          { stream: one, revision: 0 },
        ],
        t0,
        0,
      ),
    ).toBe(false);
  });

  it('waits until it is shown', async () => {
    const { clock, live, progress } = await setUp();
    const views = viewsOf(live);
    let answer: boolean | undefined;
    const waiting = progress.shows([{ stream: one, revision: 0 }], t0, 1_000).then((shows) => {
      answer = shows;
    });
    await until('it looks again later', () => clock.pending === 1);
    for (const view of [views.discovery, views.sessions, views.feeds]) await shown(view, one, 0);
    await settle();
    expect(answer).toBeUndefined();
    await clock.advance(4);
    await waiting;
    expect(answer).toBe(true);
    expect(clock.monotonic()).toBe(4);
  });

  it('gives up when the time is over', async () => {
    const { clock, progress } = await setUp();
    let answer: boolean | undefined;
    void progress.shows([{ stream: one, revision: 0 }], t0, 500).then((shows) => {
      answer = shows;
    });
    await until('it has given up', async () => {
      if (clock.monotonic() < 500) expect(answer).toBeUndefined();
      if (clock.pending > 0) await clock.advance(10);
      return answer !== undefined;
    });
    expect(answer).toBe(false);
    expect(clock.monotonic()).toBe(500);
  });

  it('takes what it does not know for shown and forgotten when it was written before what is kept', async () => {
    const { live, progress } = await setUp();
    const write = { stream: one, revision: 0 };
    expect(await progress.shows([write], t0 - retentionMs, 0)).toBe(false);
    expect(await progress.shows([write], t0 - retentionMs - 1, 0)).toBe(true);
    await shown(viewsOf(live).sessions, one, 0);
    expect(await progress.shows([{ stream: one, revision: 1 }], t0 - retentionMs - 1, 0)).toBe(false);
  });

  it('has shown whatever no query asks for', async () => {
    const { progress } = await setUp();
    expect(await progress.shows([{ stream: 'operations-today', revision: 7 }], t0, 0)).toBe(true);
  });
});
