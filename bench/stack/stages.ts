import { systemChance, systemClock } from '@signalbox/runtime';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import type { Engines } from './engines.ts';
import type { LoadRound } from './load.ts';

/** Milliseconds between the steps of one event, by the clock of this machine, which counts whole ones. */
export type Stages = {
  /** From the log's time of the event to the relay's sending it. */
  readonly relay: readonly number[];
  /** To a plain consumer having it. */
  readonly bus: readonly number[];
  /** To the feed being written in Redis. */
  readonly feed: readonly number[];
  /** To the long-poll being answered. */
  readonly reader: readonly number[];
  readonly all: readonly number[];
};

type Passed = { recorded: number; sent: number; arrived: number };

/**
 * Looks on from outside, without a part in it: reads the topic as one more consumer, and hears when feeds are written.
 * Only of answers; each offerer has too few of them for two to be confused.
 */
export const watchStages = async (engines: Engines, namespace: string, offerers: readonly string[]) => {
  const clientId = `bench-watch-${systemChance.uuid().slice(0, 8)}`;
  const kafka = new Kafka({ brokers: [...engines.kafkaBrokers], clientId, logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: clientId, maxWaitTimeInMs: 100 });
  const passed = new Map<string, Passed>();
  const written = new Map<string, number[]>();
  await consumer.connect();
  await consumer.subscribe({ topic: `${namespace}.events.v1`, fromBeginning: false });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message: { headers, timestamp } }) => {
      if (String(headers?.ce_type) !== 'OfferAnswered') return;
      const id = String(headers?.ce_subject).replace(/^session-/, '');
      passed.set(id, {
        recorded: Date.parse(String(headers?.ce_time)),
        sent: Number(timestamp),
        arrived: systemClock.now(),
      });
    },
  });
  await joined;
  const redis = new Redis(engines.redisUrl);
  redis.on('message', (channel: string) => {
    const times = written.get(channel) ?? [];
    written.set(channel, times);
    times.push(systemClock.now());
  });
  await redis.subscribe(...offerers.map((name) => `${namespace}:feed:${name}`));

  return {
    stagesOf: ({ told }: Pick<LoadRound, 'told'>): Stages => {
      const stages = { relay: [], bus: [], feed: [], reader: [], all: [] } as Record<keyof Stages, number[]>;
      for (const [id, { offerer, at }] of told) {
        const event = passed.get(id);
        if (!event) continue;
        const shown = written.get(`${namespace}:feed:${offerer}`)?.find((time) => time >= event.recorded);
        if (shown === undefined) continue;
        stages.relay.push(event.sent - event.recorded);
        stages.bus.push(event.arrived - event.sent);
        stages.feed.push(shown - event.arrived);
        stages.reader.push(at - shown);
        stages.all.push(at - event.recorded);
      }
      return stages;
    },
    close: async () => {
      redis.disconnect();
      await consumer.disconnect();
    },
  };
};
