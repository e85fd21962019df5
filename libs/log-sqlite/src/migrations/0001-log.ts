import type { Migration } from '../migrate.ts';

/**
 * The log, and what is kept beside it. The envelope is complete from the first event on: `key_id` says what sealed
 * `data`, `hash` and `previous_hash` have their place in the stream's chain, and the authorising request is kept whole.
 *
 * `streams.closed_at` (epoch milliseconds) is null for a stream that is alive, so that `streams_by_closing` finds what
 * is alive without a look at what has been. `data` is the last column: what does not fit on its page goes to another,
 * and the envelope can be read without it.
 *
 * A row of `answers` is an idempotency key that was claimed: it has its `command_id` until it is answered, and from
 * then on `status`, `headers` and `body` instead.
 */
export const log: Migration = {
  version: 1,
  name: 'the log, nonces and idempotency records',
  destructive: false,
  up: (db) =>
    db.exec(`
      CREATE TABLE meta (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE streams (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        revision INTEGER NOT NULL,
        closed_at INTEGER
      ) STRICT;
      CREATE INDEX streams_by_closing ON streams (closed_at);

      CREATE TABLE events (
        position INTEGER PRIMARY KEY,
        stream_id INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL,
        event_id BLOB NOT NULL UNIQUE,
        type TEXT NOT NULL,
        schema_version INTEGER NOT NULL,
        key_id TEXT,
        actor TEXT NOT NULL,
        correlation_id TEXT NOT NULL,
        causation_id TEXT NOT NULL,
        trace TEXT,
        auth_scheme TEXT,
        auth_key TEXT,
        auth_algorithm TEXT,
        auth_nonce TEXT,
        auth_timestamp INTEGER,
        auth_signature TEXT,
        auth_signed_text_hash TEXT,
        hash BLOB,
        previous_hash BLOB,
        data BLOB NOT NULL,
        UNIQUE (stream_id, revision)
      ) STRICT;

      CREATE TABLE nonces (
        key TEXT NOT NULL,
        nonce TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (key, nonce)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE answers (
        scope TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        command_id TEXT,
        status INTEGER,
        headers TEXT,
        expires_at INTEGER NOT NULL,
        body BLOB,
        UNIQUE (scope, key)
      ) STRICT;
      CREATE INDEX answers_by_expiry ON answers (expires_at);
    `),
};
