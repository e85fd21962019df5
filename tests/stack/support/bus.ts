import type { KafkaBusOptions } from '@signalbox/bus-kafka';
import { topicsOf } from '@signalbox/contracts';
import { systemChance, systemTimers } from '@signalbox/runtime';
import { Kafka, type KafkaMessage, logLevel, type Message } from 'kafkajs';
import type { Stack } from './stack.ts';

/** A second publisher on the stack's bus, as the adapter has it. */
export const busOptionsOf = ({ env, namespace }: Stack): KafkaBusOptions => ({
  ...{ brokers: brokersOf(env), tls: false, login: null, namespace, clientId: 'intruder', sessionTimeoutMs: 6_000 },
  ...{ timers: systemTimers, chance: systemChance },
  log: () => undefined,
  observer: { lag: () => {}, paused: () => {}, deadLetter: () => {} },
});

const brokersOf = (env: Stack['env']) => (env.SIGNALBOX_KAFKA_BROKERS ?? '').split(',');

const kafkaOf = ({ env }: Stack) =>
  new Kafka({ brokers: brokersOf(env), clientId: 'intruder', logLevel: logLevel.NOTHING });

/** Puts messages on the topic of events that no relay would. */
export const putOnTopic = async (stack: Stack, messages: readonly (Message & { readonly partition: number })[]) => {
  const producer = kafkaOf(stack).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    await producer.send({ topic: topicsOf(stack.namespace).events, messages: [...messages] });
  } finally {
    await producer.disconnect();
  }
};

/** What has been set aside, as it comes. */
export const readDeadLetters = async (stack: Stack) => {
  const letters: KafkaMessage[] = [];
  const consumer = kafkaOf(stack).consumer({ groupId: `${stack.namespace}.looker`, maxWaitTimeInMs: 250 });
  await consumer.connect();
  await consumer.subscribe({ topic: topicsOf(stack.namespace).deadLetters, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      letters.push(message);
    },
  });
  return { letters: letters as readonly KafkaMessage[], [Symbol.asyncDispose]: () => consumer.disconnect() };
};

export const headerOf = ({ headers }: KafkaMessage, name: string): string => String(headers?.[name] ?? '');
