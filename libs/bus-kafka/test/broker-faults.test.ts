import { until } from '@signalbox/testing';
import { type KafkaEngine, startOwnKafka } from '@signalbox/testing/engines';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aBus,
  aLog,
  aMember,
  aPublisher,
  byStream,
  firstsOf,
  positionsOf,
  sharedBrokers,
  someEvents,
  untilAnswered,
} from './kit.ts';

/** A broker of this file's own: it is killed. */
describe.runIf(sharedBrokers)('a broker that fails', () => {
  let kafka: KafkaEngine;
  beforeAll(async () => {
    const started = await startOwnKafka();
    if (started.kind === 'missing') throw new Error(started.reason);
    kafka = started;
  }, 120_000);
  afterAll(() => kafka?.stop());

  /** Publishes batch after batch as the relay does: after a failure it goes on from what the bus vouches for. */
  const publishAll = async (
    options: Awaited<ReturnType<typeof aBus>>['options'],
    events: ReturnType<typeof someEvents>,
  ) => {
    const publisher = aPublisher(options);
    let failures = 0;
    await untilAnswered(async () => {
      const from = await publisher.lastPublished();
      const rest = events.filter(({ position }) => position > from);
      let upTo = from;
      for (let start = 0; start < rest.length; start += 20) {
        const batch = rest.slice(start, start + 20);
        await publisher.publish(batch, upTo).catch((error: unknown) => {
          failures++;
          throw error;
        });
        upTo = batch.at(-1)?.position ?? upTo;
      }
    });
    return failures;
  };

  it('loses no event and no order when it is killed and comes back', async () => {
    const { options } = await aBus({ brokers: kafka.brokers });
    const events = someEvents(aLog(), 12_000, 40);
    const member = aMember(options, 'readers');
    await until('it has partitions', () => member.assignments.length > 0, { withinMs: 45_000 });
    const publishing = publishAll(options, events);
    await member.has(1_000);
    await kafka.kill();
    await kafka.start();
    const failures = await publishing;
    await member.has(12_000);

    expect(failures).toBeGreaterThan(0);
    expect(positionsOf(member.handled)).toEqual(positionsOf(events));
    for (const stream of byStream(firstsOf(member.handled)).values()) {
      expect(stream).toEqual(stream.toSorted((a, b) => a.revision - b.revision));
    }
  }, 180_000);

  it('is waited for when it stands still', async () => {
    const { options } = await aBus({ brokers: kafka.brokers });
    const log = aLog();
    const [before, after] = [someEvents(log, 40, 10), someEvents(log, 40, 10)];
    const publisher = aPublisher(options);
    const member = aMember(options, 'readers');
    await publisher.publish(before, 0);
    await member.has(40);
    await kafka.pause();
    const publishing = publisher.publish(after, 400);
    const pausedAt = performance.now();
    await until('it stood still for a while', () => performance.now() - pausedAt > 4_000);
    await kafka.resume();
    await publishing;
    await member.has(80);

    expect(positionsOf(member.handled)).toEqual(positionsOf([...before, ...after]));
  }, 120_000);
});
