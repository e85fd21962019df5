import {
  createTopics,
  type KafkaBusOptions,
  type KafkaObserver,
  kafkaElection,
  kafkaPublisher,
  kafkaSubscriber,
} from '@signalbox/bus-kafka';
import type { BusPublisher, BusSubscriber, Election } from '@signalbox/event-sourcing';
import type { ServiceContext } from '@signalbox/runtime';

const optionsFor = (context: ServiceContext, observer: KafkaObserver): KafkaBusOptions => {
  const { config, instance, logger, timers, chance } = context;
  const { kafkaBrokers, kafkaTls, kafkaLogin, namespace, sessionTimeoutMs } = config.stack;
  return {
    ...{ brokers: kafkaBrokers, tls: kafkaTls, login: kafkaLogin, namespace, clientId: instance, sessionTimeoutMs },
    ...{ observer, timers, chance },
    log: (level, fields, message) => logger[level](fields, message),
  };
};

const topics = async (options: KafkaBusOptions, { config }: ServiceContext): Promise<void> => {
  const { kafkaPartitions: partitions, kafkaReplication: replicationFactor } = config.stack;
  await createTopics(options, { partitions, replicationFactor });
};

const unobserved: KafkaObserver = { lag: () => {}, paused: () => {}, deadLetter: () => {} };

/** The giving end of the bus, and who may give. */
export const openRelayBus = async (
  context: ServiceContext,
): Promise<{ readonly publisher: BusPublisher; readonly election: Election }> => {
  const options = optionsFor(context, unobserved);
  await topics(options, context);
  return { publisher: kafkaPublisher(options), election: kafkaElection(options) };
};

/** The taking end of the bus, with what it measures. */
export const openProjectorBus = async (context: ServiceContext): Promise<BusSubscriber> => {
  const { metrics } = context.telemetry;
  const { logger } = context;
  const behind = new Map<number, number>();
  const options = optionsFor(context, {
    lag: (_group, partition, messages) => {
      if (!behind.has(partition)) {
        metrics.observe('consumerLag', () => behind.get(partition) ?? 0, String(partition));
      }
      behind.set(partition, messages);
    },
    paused: (_group, partition, waitMs, error) =>
      logger.warn({ err: error, partition, waitMs }, 'a batch could not be applied and will be tried again'),
    deadLetter: (_group, reason, detail) => {
      metrics.deadLettered(reason);
      logger.error({ reason, detail }, 'a message could not be used and was set aside');
    },
  });
  await topics(options, context);
  return kafkaSubscriber(options);
};
