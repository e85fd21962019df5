export type { Engine, Environment, Missing } from './engine.ts';
export {
  type EventStoreDbEngine,
  findEventStoreDb,
  startEventStoreDbDouble,
  startOwnEventStoreDb,
} from './eventstoredb.ts';
export { type KafkaEngine, startKafka, startOwnKafka } from './kafka.ts';
export { type RedisEngine, startKeysRedis, startOwnRedis, startRedis } from './redis.ts';
export { type Double, type Part, summaryOf } from './summary.ts';
