export { openSqliteAuditIndex, type SqliteAuditIndex } from './audit/open.ts';
export { CannotOpenLog, type CannotOpenLogCode } from './errors.ts';
export { sqliteIdempotencyStore } from './idempotency-store.ts';
export { openSqliteKeyStore } from './keys/open.ts';
export type { LogHealth, SqliteLog } from './log.ts';
export { sqliteNonceStore } from './nonce-store.ts';
export { openSqliteLog, type SqliteLogOptions } from './open.ts';
export { openSqliteLogForReading, type SqliteLogReader } from './open-for-reading.ts';
export { type SqliteTileStore, sqliteTileStore } from './tile-store.ts';
