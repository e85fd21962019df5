import { until } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import {
  aBus,
  aLog,
  aMember,
  aPublisher,
  aStranger,
  byStream,
  firstsOf,
  positionsOf,
  SESSION_MS,
  sharedBrokers,
  someEvents,
} from './kit.ts';

describe.runIf(sharedBrokers)('a subscription', () => {
  it('begins with the oldest event, and gives each stream in the order of the log', async () => {
    const { options } = await aBus();
    const events = someEvents(aLog(), 300, 30);
    await aPublisher(options).publish(events, 0);
    const member = aMember(options, 'readers');
    await member.has(300);

    expect(member.handled).toHaveLength(300);
    expect(byStream(member.handled)).toEqual(byStream(member.handled.toSorted((a, b) => a.position - b.position)));
    expect(positionsOf(member.handled)).toEqual(positionsOf(events));
    expect(member.assignments.at(-1)).toEqual([0, 1, 2, 3]);
    expect(member.failures).toEqual([]);
  });

  it('goes on where the group was when it stopped: nothing twice, nothing missing', async () => {
    const { options } = await aBus();
    const publisher = aPublisher(options);
    const log = aLog();
    const [before, after] = [someEvents(log, 50, 5), someEvents(log, 50, 5)];
    await publisher.publish(before, 0);
    const first = aMember(options, 'readers');
    await first.has(50);
    await first.stop();
    await publisher.publish(after, 500);
    const second = aMember(options, 'readers');
    await second.has(50);

    expect(positionsOf(second.handled)).toEqual(positionsOf(after));
    expect(second.handled).toHaveLength(50);
  });

  it('gives every group every event', async () => {
    const { options } = await aBus();
    await aPublisher(options).publish(someEvents(aLog(), 20, 5), 0);
    const groups = [aMember(options, 'one'), aMember(options, 'other')];
    await Promise.all(groups.map((group) => group.has(20)));
    for (const group of groups) expect(group.handled).toHaveLength(20);
  });

  it('gives again what could not be handled, in order, while other partitions go on', async () => {
    const { options, observed } = await aBus({ partitions: 4 });
    const events = someEvents(aLog(), 80, 40);
    await aPublisher(options).publish(events, 0);
    const away = new Error('the store is away');
    let failing: number | null = null;
    const seen: { readonly partition: number; readonly first: number }[] = [];
    let mended = false;
    const member = aMember(options, 'readers', async ({ partition, events: [first] }) => {
      failing ??= partition;
      seen.push({ partition, first: first?.position ?? 0 });
      if (partition === failing && !mended) throw away;
      return [];
    });
    const tries = () => seen.filter(({ partition }) => partition === failing);
    await until('it was tried four times', () => tries().length >= 4, { withinMs: 30_000 });
    const others = firstsOf(member.handled).length;
    mended = true;
    await member.has(80);

    expect(others).toBeGreaterThan(0);
    expect(new Set(tries().map(({ first }) => first)).size).toBe(1);
    expect(member.handled).toHaveLength(80);
    for (const stream of byStream(member.handled).values()) {
      expect(stream).toEqual(stream.toSorted((a, b) => a.revision - b.revision));
    }
    expect(observed.paused.length).toBeGreaterThanOrEqual(3);
    for (const { partition, error } of observed.paused) expect([partition, error]).toEqual([failing, away]);
    const waits = observed.paused.slice(0, 3).map(({ waitMs }) => waitMs);
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(50 * 2 ** index);
      expect(wait).toBeLessThanOrEqual(100 * 2 ** index);
    }
    expect(member.failures).toEqual([]);
  });

  it('sets aside what is no event, with the reason and where it was, and goes on', async () => {
    const { options, observed, topics } = await aBus({ partitions: 1 });
    const publisher = aPublisher(options);
    const stranger = aStranger(options.brokers);
    const log = aLog();
    const [before, after] = [someEvents(log, 2, 1), someEvents(log, 2, 1)];
    await publisher.publish(before, 0);
    await stranger.send(topics.events, [
      { partition: 0, key: 'who knows', value: 'gibberish', headers: { from: 'a stranger' } },
    ]);
    await publisher.publish(after, 20);
    const member = aMember(options, 'readers');
    await member.has(4);
    const letters = await stranger.messagesOf(topics.deadLetters, 1);

    expect(member.handled).toEqual([...before, ...after]);
    expect(letters).toEqual([
      {
        partition: 0,
        key: 'who knows',
        value: 'gibberish',
        headers: {
          from: 'a stranger',
          deadletterreason: 'unreadable',
          deadletterdetail: expect.stringContaining('ce_id'),
          deadlettergroup: `${options.namespace}.readers`,
          deadlettertopic: topics.events,
          deadletterpartition: '0',
          deadletteroffset: '2',
        },
      },
    ]);
    expect(observed.deadLetters).toEqual([
      { group: `${options.namespace}.readers`, reason: 'unreadable', detail: letters[0]?.headers.deadletterdetail },
    ]);
  });

  it('sets aside the events that the handler gave back, and never gives them again', async () => {
    const { options, observed, topics } = await aBus({ partitions: 1 });
    const log = aLog();
    const events = someEvents(log, 5, 1);
    const poison = events[2];
    await aPublisher(options).publish(events, 0);
    const first = aMember(options, 'readers', async (batch) =>
      batch.events
        .filter(({ position }) => position === poison?.position)
        .map((event) => ({ event, reason: 'it has no such type' })),
    );
    await first.has(5);
    const letters = await aStranger(options.brokers).messagesOf(topics.deadLetters, 1);
    await until('it was counted', () => observed.deadLetters.length === 1);
    await first.stop();
    await aPublisher(options).publish([log.next('s0')], 50);
    const second = aMember(options, 'readers');
    await second.has(1);

    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({
      key: 'session-s0',
      value: '{"revision":2}',
      headers: {
        ce_id: poison?.id,
        deadletterreason: 'poison',
        deadletterdetail: 'it has no such type',
        deadletteroffset: '2',
      },
    });
    expect(observed.deadLetters).toEqual([
      { group: `${options.namespace}.readers`, reason: 'poison', detail: 'it has no such type' },
    ]);
    expect(second.handled.map(({ revision }) => revision)).toEqual([5]);
  });

  it('tells how far behind it is', async () => {
    const { options, observed } = await aBus({ partitions: 1 });
    await aPublisher(options).publish(someEvents(aLog(), 40, 1), 0);
    const member = aMember(options, 'readers');
    await member.has(40);
    await until('it told', () => observed.lag.at(-1)?.messages === 0);
    expect(observed.lag[0]).toEqual({ partition: 0, messages: 40 });
  });

  it('shares the partitions among the members of a group, and loses nothing when one comes or goes', async () => {
    const { options } = await aBus({ partitions: 4 });
    const publisher = aPublisher(options);
    const log = aLog();
    const all = someEvents(log, 1_200, 40);
    const first = aMember(options, 'readers');
    await until('it is a member', () => first.assignments.length > 0, { withinMs: 30_000 });
    const members = [first];
    const handled = () => members.flatMap((member) => member.handled);
    const batches = Array.from({ length: 120 }, (_, index) => all.slice(index * 10, index * 10 + 10));
    for (const [index, batch] of batches.entries()) {
      await publisher.publish(batch, index * 100);
      if (index === 30) members.push(aMember(options, 'readers'));
      if (index === 60)
        await until(
          'both have partitions',
          () => members.every(({ assignments }) => assignments.at(-1)?.length === 2),
          { withinMs: 30_000 },
        );
      if (index === 90) await first.stop();
    }
    await until('all was handled', () => positionsOf(handled()).size === 1_200, { withinMs: 45_000 });

    expect(positionsOf(handled())).toEqual(positionsOf(all));
    for (const member of members) {
      for (const stream of byStream(firstsOf(member.handled)).values()) {
        expect(stream).toEqual(stream.toSorted((a, b) => a.revision - b.revision));
      }
    }
    expect(members[1]?.assignments.at(-1)).toEqual([0, 1, 2, 3]);
  });

  it('keeps its partitions while the handling of a batch takes longer than a session', async () => {
    const { options } = await aBus({ partitions: 1 });
    const events = someEvents(aLog(), 3, 1);
    await aPublisher(options).publish(events, 0);
    const release = Promise.withResolvers<void>();
    const signals: AbortSignal[] = [];
    const member = aMember(options, 'readers', async ({ signal }) => {
      signals.push(signal);
      await release.promise;
      return [];
    });
    await until('it is at work', () => signals.length === 1, { withinMs: 30_000 });
    const heldFor = performance.now();
    await until('a session and a half are over', () => performance.now() - heldFor > 1.5 * SESSION_MS, {
      withinMs: 2 * SESSION_MS,
      everyMs: 100,
    });
    release.resolve();
    await member.has(3);

    expect(member.handled).toEqual(events);
    expect(signals).toHaveLength(1);
    expect(signals[0]?.aborted).toBe(false);
    expect(member.assignments).toEqual([[0]]);
  });

  it('ends when it is told to, also before it has begun', async () => {
    const { options } = await aBus();
    const member = aMember(options, 'readers');
    await member.stop();
    expect(member.handled).toEqual([]);
    expect(member.failures).toEqual([]);
  });
});
