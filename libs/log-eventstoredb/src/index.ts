export type { Patience } from './attempts.ts';
export { CannotOpenLog, type CannotOpenLogCode, UnreadableEvent } from './errors.ts';
export { beginImport, type Import } from './importer.ts';
export { type EventStoreLog, type EventStoreLogOptions, openEventStoreLog } from './log.ts';
export type { StoreOptions } from './session.ts';
