export * from './command-handler.ts';
export * from './decider.ts';
export * from './ports/codec.ts';
export * from './ports/event-log.ts';
export * from './ports/view.ts';
export * from './projection.ts';
export * from './projection-runner.ts';
export { sequentialByKey } from './sequential-by-key.ts';
