export { type EventStoreDbServer, startEventStoreDbServer } from './server.ts';
export type { ProposedEvent } from './store.ts';
