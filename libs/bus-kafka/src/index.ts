export { kafkaElection } from './election.ts';
export type { Chance, KafkaBusOptions, KafkaLog, KafkaObserver, Login, Timers } from './options.ts';
export { kafkaPublisher } from './publisher.ts';
export { kafkaSubscriber } from './subscriber.ts';
export { createTopics } from './topics.ts';
