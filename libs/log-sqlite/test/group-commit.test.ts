import type { Delivery, RecordedEvent } from '@signalbox/event-sourcing';
import { describe, expect, it } from 'vitest';
import { aDirectory, anEvent, anId, aStream, NOW, openAt } from './fixtures.ts';

/** Follows the log from `after` on; `deliveries` grows, `stop` ends it. */
const following = async (log: Awaited<ReturnType<typeof openAt>>, after = 0) => {
  const aborter = new AbortController();
  const deliveries: Delivery[] = [];
  const reached = Promise.withResolvers<void>();
  const done = (async () => {
    for await (const delivery of log.subscribeAll(after, { signal: aborter.signal })) {
      deliveries.push(delivery);
      if (delivery.kind === 'caught_up') reached.resolve();
    }
  })();
  await reached.promise;
  return {
    deliveries,
    batches: () => deliveries.flatMap((d) => (d.kind === 'events' ? [d.events] : [])),
    stop: async () => {
      aborter.abort();
      await done;
    },
  };
};

describe('group commit', () => {
  it('settles every append of a transaction for itself', async () => {
    const log = await openAt(aDirectory());
    const [taken, racing, mistaken, fresh] = [aStream(), aStream(), aStream(), aStream()];
    const first = anEvent();
    await log.append(taken, [first], 'no_stream');

    const results = await Promise.allSettled([
      log.append(fresh, [anEvent(), anEvent()], 'no_stream'),
      log.append(taken, [anEvent()], 'no_stream'),
      log.append(racing, [anEvent()], 'no_stream'),
      log.append(racing, [anEvent()], 'no_stream'),
      log.append(mistaken, [anEvent(), anEvent({ schemaVersion: 1.5 })], 'no_stream'),
      log.append(taken, [first], 'no_stream'),
      log.append(racing, [anEvent()], 0),
      log.append(mistaken, [anEvent()], 'no_stream'),
    ]);

    expect(results.map((r) => (r.status === 'fulfilled' ? r.value : r.status))).toEqual([
      { kind: 'appended', revision: 1, position: 3 },
      { kind: 'conflict', actual: 0 },
      { kind: 'appended', revision: 0, position: 4 },
      { kind: 'conflict', actual: 0 },
      'rejected',
      { kind: 'appended', revision: 0, position: 1 },
      { kind: 'appended', revision: 1, position: 5 },
      { kind: 'appended', revision: 0, position: 6 },
    ]);
    expect((await log.readAll(0, 100)).map((e) => [e.position, e.stream, e.revision])).toEqual([
      [1, taken, 0],
      [2, fresh, 0],
      [3, fresh, 1],
      [4, racing, 0],
      [5, racing, 1],
      [6, mistaken, 0],
    ]);
  });

  it('takes an event id that was used before, here or in another stream, for a conflict, and writes nothing', async () => {
    const log = await openAt(aDirectory());
    const [stream, other] = [aStream(), aStream()];
    const used = anEvent();
    await log.append(stream, [used], 'no_stream');
    expect(await log.append(other, [anEvent(), used], 'no_stream')).toEqual({ kind: 'conflict', actual: 'no_stream' });
    expect(await log.append(other, [used], 'any')).toEqual({ kind: 'conflict', actual: 'no_stream' });
    expect(await log.append(stream, [anEvent(), used], 0)).toEqual({ kind: 'conflict', actual: 0 });
    expect(await log.append(other, [anEvent()], 'no_stream')).toEqual({ kind: 'appended', revision: 0, position: 2 });
    expect((await log.readAll(0, 10)).map((e) => e.stream)).toEqual([stream, other]);
  });

  it('delivers everything that one commit has written together, before the appends resolve', async () => {
    const log = await openAt(aDirectory());
    const subscription = await following(log);
    const appends = Array.from({ length: 40 }, () => log.append(aStream(), [anEvent(), anEvent()], 'no_stream'));
    const order: string[] = [];
    void appends[0]?.then(() => order.push('resolved'));
    await Promise.all(appends);
    await log.append(aStream(), [anEvent()], 'any');
    await subscription.stop();
    expect(order).toEqual(['resolved']);
    expect(subscription.batches().map((events) => events.length)).toEqual([80, 1]);
  });

  it('hands on the very bytes that were appended, and in every other field what a read gives', async () => {
    const log = await openAt(aDirectory(), () => NOW + 7);
    const subscription = await following(log);
    const stream = aStream();
    const events = [anEvent(), anEvent({ keyId: 'k' })];
    await log.append(stream, [anEvent()], 'no_stream');
    await log.append(stream, events, 0);
    await subscription.stop();
    const delivered = subscription.batches().flat();
    expect(delivered.slice(1).map((e) => e.data === events[e.revision - 1]?.data)).toEqual([true, true]);
    const plain = (e: RecordedEvent) => ({ ...e, data: Buffer.from(e.data).toString('hex') });
    expect(delivered.map(plain)).toEqual((await log.readStream(stream)).map(plain));
    expect(delivered.map((e) => e.recordedAt)).toEqual([NOW + 7, NOW + 7, NOW + 7]);
  });

  it('takes more than fits into one transaction, in the order in which it came', async () => {
    const log = await openAt(aDirectory());
    const stream = aStream();
    const ids = Array.from({ length: 2_500 }, anId);
    const results = await Promise.all(
      ids.map((id, index) => log.append(stream, [anEvent({ id })], index === 0 ? 'no_stream' : index - 1)),
    );
    expect(new Set(results.map((r) => r.kind))).toEqual(new Set(['appended']));
    expect((await log.readStream(stream)).map((e) => e.id)).toEqual(ids);
  });

  it('lets a subscriber that is too slow for memory read from disk what it has missed', async () => {
    const log = await openAt(aDirectory());
    const { signal } = new AbortController();
    const iterator = log.subscribeAll(0, { signal })[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toEqual({ kind: 'caught_up', position: 0 });
    for (let round = 0; round < 12; round++) {
      await log.append(
        aStream(),
        Array.from({ length: 1_000 }, () => anEvent()),
        'no_stream',
      );
    }
    const positions: number[] = [];
    let caughtUp: number | undefined;
    while (caughtUp === undefined) {
      const delivery: Delivery = (await iterator.next()).value;
      if (delivery.kind === 'events') positions.push(...delivery.events.map((e) => e.position));
      else caughtUp = delivery.position;
    }
    await iterator.return?.();
    expect(positions).toEqual(Array.from({ length: 12_000 }, (_, index) => index + 1));
    expect(caughtUp).toBe(12_000);
  });
});
