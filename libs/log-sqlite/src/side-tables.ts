/**
 * What is stored beside the log: the statements that the nonce store and the idempotency store may have run, in the
 * writer's transactions and by the reader.
 */
export const sideWrites = {
  /** Whoever claims has looked in memory, where every nonce that counts is; a row that is there has expired. */
  storeNonce: 'INSERT OR REPLACE INTO nonces (key, nonce, expires_at) VALUES (?, ?, ?)',
  sweepNonces: 'DELETE FROM nonces WHERE expires_at < ?',
  /** Whoever claims has found no row that counts; one that is there has expired. */
  storeClaim: 'INSERT OR REPLACE INTO answers (scope, key, fingerprint, command_id, expires_at) VALUES (?, ?, ?, ?, ?)',
  storeAnswer:
    'INSERT OR REPLACE INTO answers (scope, key, fingerprint, status, headers, expires_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
  /** A few at a time, so that no append waits long behind a sweep. */
  sweepSomeAnswers:
    'DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers WHERE expires_at < ? ORDER BY expires_at LIMIT ?)',
} as const;

export const sideReads = {
  allNonces: 'SELECT key, nonce, expires_at FROM nonces',
  answer:
    'SELECT fingerprint, command_id, status, headers, body FROM answers WHERE scope = ? AND key = ? AND expires_at > ?',
} as const;

export type SideValue = string | number | Uint8Array;

export type SideWrite = { readonly statement: keyof typeof sideWrites; readonly values: readonly SideValue[] };

export type SideRow = readonly (string | number | Uint8Array | null)[];

/** How the stores beside the log reach its database. A write shares the next commit of the log. */
export interface SideTables {
  /** Durable when it resolves, with how many rows it changed. Throws `LogUnavailable` when nothing can be written. */
  write(statement: keyof typeof sideWrites, values: readonly SideValue[]): Promise<number>;
  read(statement: keyof typeof sideReads, values: readonly SideValue[]): Promise<readonly SideRow[]>;
}
