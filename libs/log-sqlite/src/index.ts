export { CannotOpenLog, type CannotOpenLogCode } from './errors.ts';
export { sqliteIdempotencyStore } from './idempotency-store.ts';
export type { LogHealth, SqliteLog } from './log.ts';
export { sqliteNonceStore } from './nonce-store.ts';
export { openSqliteLog, type SqliteLogOptions } from './open.ts';
