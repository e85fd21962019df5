import { randomUUID } from 'node:crypto';
import {
  createTopics,
  type KafkaBusOptions,
  kafkaElection,
  kafkaPublisher,
  kafkaSubscriber,
} from '@signalbox/bus-kafka';
import type { BusPublisher, EventLog, RecordedEvent } from '@signalbox/event-sourcing';
import { memoryEventLog } from '@signalbox/memory';
import { backoffMs, pause, systemChance, systemTimers } from '@signalbox/runtime';
import { fakeClock, until } from '@signalbox/testing';
import { type KafkaEngine, startOwnKafka } from '@signalbox/testing/engines';
import type {} from '@signalbox/testing/engines/setup';
import { afterAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { relay } from '../../src/app.ts';
import { append } from '../kit.ts';

const shared = inject('kafkaBrokers');
const slow = { withinMs: 90_000 };

/** Runs until the test is over, again after every failure, as a supervised service does. */
const goingOn = (work: (signal: AbortSignal) => Promise<void>) => {
  const stopping = new AbortController();
  const failures: unknown[] = [];
  const run = async () => {
    while (!stopping.signal.aborted) {
      await work(stopping.signal).catch((error: unknown) => failures.push(error));
      await pause(systemTimers, backoffMs({ firstMs: 50, maxMs: 500 }, failures.length, systemChance), stopping.signal);
    }
  };
  const ended = run();
  const stop = () => {
    stopping.abort();
    return ended;
  };
  onTestFinished(stop);
  return { failures, stop };
};

const aBus = async (brokers: readonly string[]) => {
  const options: KafkaBusOptions = {
    brokers,
    tls: false,
    login: null,
    namespace: `test-${randomUUID()}`,
    clientId: 'test',
    sessionTimeoutMs: 6_000,
    log: () => undefined,
    observer: { lag: () => undefined, paused: () => undefined, deadLetter: () => undefined },
    timers: systemTimers,
    chance: systemChance,
  };
  const made = async () => {
    await createTopics(options, { partitions: 4, replicationFactor: 1 });
    return true;
  };
  await until('there are topics', made, slow);
  const received: RecordedEvent[] = [];
  goingOn((signal) =>
    kafkaSubscriber(options).consume({
      group: 'readers',
      signal,
      handle: async ({ events }) => {
        received.push(...events);
        return [];
      },
    }),
  );
  return { options, received };
};

const aRelay = (log: EventLog, options: KafkaBusOptions, publisher: BusPublisher = kafkaPublisher(options)) => {
  const led: number[] = [];
  const election = kafkaElection(options);
  const running = goingOn((signal) =>
    relay({ log, publisher, election, onLeading: (position) => led.push(position) }, signal),
  );
  onTestFinished(() => publisher.close());
  return { ...running, led };
};

const aLog = () => memoryEventLog({ now: fakeClock(1_790_000_000_000).now, id: 'a log' });

/** Every event of the log has come, and without the repetitions each stream is in order. */
const expectWhole = async (log: EventLog, received: readonly RecordedEvent[]) => {
  const all = await log.readAll(0, 1_000_000);
  const has = () => new Set(received.map(({ position }) => position)).size >= all.length;
  await until(`all ${all.length} events have come`, has, slow);
  const seen = new Set<number>();
  const firsts = received.filter(({ position }) => !seen.has(position) && seen.add(position));
  expect(firsts.toSorted((a, b) => a.position - b.position)).toEqual(all);
  for (const stream of Map.groupBy(firsts, ({ stream }) => stream).values()) {
    expect(stream.map(({ revision }) => revision)).toEqual(stream.map((_, index) => index));
  }
};

/** Takes only the events of some streams of the batch it is given after `sound` batches, then fails, as if it had been killed. */
const killedBetweenPartitions = (publisher: BusPublisher, sound: number): BusPublisher => {
  let batches = 0;
  return {
    ...publisher,
    publish: async (batch, upTo) => {
      if (++batches !== sound + 1) return publisher.publish(batch, upTo);
      await publisher.publish(
        batch.filter(({ stream }) => /[13579]$/.test(stream)),
        upTo,
      );
      throw new Error('killed');
    },
  };
};

describe.runIf(shared)('the relay on Kafka', () => {
  const own: KafkaEngine[] = [];
  afterAll(async () => {
    for (const kafka of own) await kafka.stop();
  });

  it('carries every event, those that are there and those that come', async () => {
    const { options, received } = await aBus(shared ?? []);
    const log = aLog();
    await append(log, 2_000, 50);
    aRelay(log, options);
    await until('the first have come', () => received.length > 0, slow);
    await append(log, 500, 50);
    await expectWhole(log, received);
    expect(received).toHaveLength(2_500);
  });

  it('loses nothing when it is killed with half a batch on the bus', async () => {
    const { options, received } = await aBus(shared ?? []);
    const log = aLog();
    await append(log, 2_000, 50);
    const { failures, led } = aRelay(log, options, killedBetweenPartitions(kafkaPublisher(options), 2));
    await expectWhole(log, received);
    expect(failures).toContainEqual(expect.objectContaining({ message: 'killed' }));
    expect(led).toEqual([0, 1_000]);
    expect(received.length).toBeGreaterThan(2_000);
  });

  it('loses nothing and keeps the order when two are at work at once', async () => {
    const { options, received } = await aBus(shared ?? []);
    const log = aLog();
    await append(log, 3_000, 50);
    const unopposed = { lead: (work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal) => work(signal) };
    for (const publisher of [kafkaPublisher(options), kafkaPublisher(options)]) {
      const fromTheStart = { ...publisher, lastPublished: async () => 0 };
      goingOn((signal) => relay({ log, publisher: fromTheStart, election: unopposed }, signal));
      onTestFinished(() => publisher.close());
    }
    await append(log, 1_000, 50);
    await expectWhole(log, received);
    await until('both have sent all', () => received.length === 8_000, slow);
    await expectWhole(log, received);
  });

  it('hands over to another when it stops, which goes on where the bus is', async () => {
    const { options, received } = await aBus(shared ?? []);
    const log = aLog();
    const relays = [aRelay(log, options), aRelay(log, options)];
    await append(log, 1_000, 50);
    await expectWhole(log, received);
    const first = relays.find(({ led }) => led.length > 0);
    const second = relays.find((one) => one !== first);
    expect(second?.led).toEqual([]);
    await first?.stop();
    await append(log, 1_000, 50);
    await expectWhole(log, received);
    expect(second?.led).toHaveLength(1);
  });

  it('recovers by itself when the broker is killed under load and comes back', async () => {
    const kafka = await startOwnKafka();
    if (kafka.kind === 'missing') throw new Error(kafka.reason);
    own.push(kafka);
    const { options, received } = await aBus(kafka.brokers);
    const log = aLog();
    const { failures } = aRelay(log, options);
    await append(log, 3_000, 50);
    await until('some have come', () => received.length > 500, slow);
    await kafka.kill();
    await append(log, 1_000, 50);
    await kafka.start();
    await append(log, 1_000, 50);
    await expectWhole(log, received);
    for (const failure of failures) expect(failure).toMatchObject({ code: 'BUS_UNAVAILABLE' });
  }, 180_000);
});
