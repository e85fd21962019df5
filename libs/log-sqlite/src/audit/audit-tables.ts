import type { DatabaseSync } from 'node:sqlite';
import type { Change, StreamName, Versioned } from '@signalbox/event-sourcing';
import type { RecordedCredentialRow, RecordedFilter, RecordedPoint, RecordedSessionRow } from '@signalbox/read-models';

/**
 * `marks`: what a session is found by, in the order in which it is shown. Rows are JSON that only this program reads; what
 * is sorted or compared is beside them. `order_by` is part of the key, so that any page is one walk along an index.
 */
const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE sessions (
    stream TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    ended_at INTEGER,
    row TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX sessions_by_age ON sessions (published_at, session_id);
  CREATE INDEX sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;
  CREATE TABLE marks (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    session_id TEXT NOT NULL,
    PRIMARY KEY (kind, value, published_at, session_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE credentials (
    stream TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    ended_at INTEGER,
    redacted INTEGER NOT NULL,
    row TEXT NOT NULL
  ) STRICT;
  CREATE INDEX credentials_by_end ON credentials (redacted, ended_at) WHERE ended_at IS NOT NULL;
`;

/** Grows with the schema or with what the rows mean. Whatever an older version has filled is built anew from the log. */
export const AUDIT_VERSION = 1;

type Kind = 'identity' | 'tag' | 'trace';
type Mark = readonly [kind: Kind, value: string];

const marksOf = (row: RecordedSessionRow): readonly Mark[] => {
  const identities = new Set([row.publisher, ...(row.answerer === null ? [] : [row.answerer]), ...row.visitors]);
  return [
    ...[...identities].map((value): Mark => ['identity', value]),
    ...new Set(row.tags).values().map((value): Mark => ['tag', value]),
    ...row.traces.map((value): Mark => ['trace', value]),
  ];
};

type Stored = { readonly revision: number; readonly row: string };
type SessionChange = Change<RecordedSessionRow, never>;
type CredentialChange = Change<RecordedCredentialRow, never>;

/** The audit index, synchronous. A database of another version, or of another log, is emptied. */
export const auditTables = (db: DatabaseSync, logId: string) => {
  const identity = `${AUDIT_VERSION} ${logId}`;
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  const isOurs =
    tables.some(({ name }) => name === 'meta') &&
    db.prepare("SELECT value FROM meta WHERE name = 'identity'").get()?.value === identity;
  if (!isOurs) {
    db.exec('BEGIN IMMEDIATE');
    for (const { name } of tables) db.exec(`DROP TABLE "${name}"`);
    db.exec(SCHEMA);
    db.prepare("INSERT INTO meta (name, value) VALUES ('identity', ?)").run(identity);
    db.exec('COMMIT');
  }

  const metaValue = db.prepare('SELECT value FROM meta WHERE name = ?');
  const setMeta = db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)');
  const statements = {
    sessions: {
      find: db.prepare('SELECT revision, row FROM sessions WHERE stream = ?'),
      put: db.prepare(`
        INSERT INTO sessions (stream, session_id, revision, published_at, ended_at, row) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision, ended_at = excluded.ended_at, row = excluded.row`),
    },
    credentials: {
      find: db.prepare('SELECT revision, row FROM credentials WHERE stream = ?'),
      put: db.prepare(`
        INSERT INTO credentials (stream, revision, ended_at, redacted, row) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (stream) DO UPDATE SET
          revision = excluded.revision, ended_at = excluded.ended_at, redacted = excluded.redacted, row = excluded.row`),
    },
  };
  const addMark = db.prepare(
    'INSERT INTO marks (kind, value, published_at, session_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const removeMark = db.prepare(
    'DELETE FROM marks WHERE kind = ? AND value = ? AND published_at = ? AND session_id = ?',
  );
  const someEnded = db.prepare('SELECT stream, row FROM sessions WHERE ended_at < ? LIMIT ?');
  const removeSession = db.prepare('DELETE FROM sessions WHERE stream = ?');
  const removeCredentials = db.prepare('DELETE FROM credentials WHERE redacted = 1 AND ended_at < ?');
  const endedCredentials = db.prepare(
    'SELECT row FROM credentials WHERE redacted = 0 AND ended_at < ? ORDER BY ended_at, stream LIMIT ?',
  );

  const transaction = <T>(work: () => T): T => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };

  const checkpointOf = (view: 'sessions' | 'credentials'): number => Number(metaValue.get(`${view} up to`)?.value ?? 0);

  const stored = (view: 'sessions' | 'credentials', stream: string): Stored | undefined => {
    const found = statements[view].find.get(stream);
    return found && { revision: Number(found.revision), row: String(found.row) };
  };

  const mark = (before: RecordedSessionRow | undefined, row: RecordedSessionRow): void => {
    const was = new Map((before ? marksOf(before) : []).map((one) => [String(one), one]));
    for (const one of marksOf(row)) {
      if (!was.delete(String(one))) addMark.run(...one, row.publishedAt, row.sessionId);
    }
    for (const one of was.values()) removeMark.run(...one, row.publishedAt, row.sessionId);
  };

  /** What is at or below the checkpoint was shown before, and may have been forgotten since. */
  const write = <Row>(
    view: 'sessions' | 'credentials',
    changes: readonly Change<Row, never>[],
    checkpoint: number,
    put: (change: Change<Row, never> & { readonly row: Row }, before: string | undefined) => void,
  ): readonly StreamName[] =>
    transaction(() => {
      const stale: StreamName[] = [];
      const shown = checkpointOf(view);
      for (const change of changes) {
        const known = stored(view, change.stream);
        if (change.position <= shown || (known?.revision ?? -1) >= change.revision) continue;
        if (known && known.revision !== change.after) stale.push(change.stream);
        else if (change.row !== undefined) put({ ...change, row: change.row }, known?.row);
      }
      if (stale.length === 0 && checkpoint > shown) setMeta.run(`${view} up to`, String(checkpoint));
      return stale;
    });

  const read = <Row>(
    view: 'sessions' | 'credentials',
    streams: readonly string[],
  ): readonly (Versioned<Row> | null)[] =>
    streams.map((stream) => {
      const found = stored(view, stream);
      return found ? { revision: found.revision, row: JSON.parse(found.row) as Row } : null;
    });

  /** One walk along the index of the first mark, or of all sessions; the other marks are looked up. */
  const search = (
    filter: RecordedFilter,
    after: RecordedPoint | null,
    limit: number,
  ): readonly RecordedSessionRow[] => {
    const marks = (['identity', 'trace', 'tag'] as const).flatMap((kind): Mark[] => {
      const value = filter[kind];
      return value === null ? [] : [[kind, value]];
    });
    const [first, ...others] = marks;
    const at = first ? 'marks' : 'sessions';
    const conditions = [
      ...(first ? ['marks.kind = ? AND marks.value = ?'] : []),
      ...(after ? [`(${at}.published_at, ${at}.session_id) < (?, ?)`] : []),
      ...(filter.from === null ? [] : [`${at}.published_at >= ?`]),
      ...(filter.to === null ? [] : [`${at}.published_at < ?`]),
      ...others.map(
        () => `EXISTS (SELECT 1 FROM marks AS other WHERE other.kind = ? AND other.value = ?
          AND other.published_at = ${at}.published_at AND other.session_id = ${at}.session_id)`,
      ),
    ];
    const source = first
      ? 'marks JOIN sessions ON sessions.published_at = marks.published_at AND sessions.session_id = marks.session_id'
      : 'sessions';
    const rows = db
      .prepare(
        `SELECT sessions.row AS row FROM ${source} ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
         ORDER BY ${at}.published_at DESC, ${at}.session_id DESC LIMIT ?`,
      )
      .all(
        ...(first ?? []),
        ...(after ? [after.publishedAt, after.sessionId] : []),
        ...(filter.from === null ? [] : [filter.from]),
        ...(filter.to === null ? [] : [filter.to]),
        ...others.flat(),
        limit,
      );
    return rows.map((row) => JSON.parse(String(row.row)) as RecordedSessionRow);
  };

  return {
    readSessions: (streams: readonly string[]) => read<RecordedSessionRow>('sessions', streams),
    readCredentials: (streams: readonly string[]) => read<RecordedCredentialRow>('credentials', streams),
    writeSessions: (changes: readonly SessionChange[], checkpoint: number) =>
      write('sessions', changes, checkpoint, ({ stream, revision, row }, before) => {
        const { sessionId, publishedAt, endedAt } = row;
        mark(before === undefined ? undefined : (JSON.parse(before) as RecordedSessionRow), row);
        statements.sessions.put.run(stream, sessionId, revision, publishedAt, endedAt, JSON.stringify(row));
      }),
    writeCredentials: (changes: readonly CredentialChange[], checkpoint: number) =>
      write('credentials', changes, checkpoint, ({ stream, revision, row }) => {
        statements.credentials.put.run(stream, revision, row.endedAt, row.redacted ? 1 : 0, JSON.stringify(row));
      }),
    checkpoint: checkpointOf,
    search,
    ended: (before: number, limit: number): readonly RecordedCredentialRow[] =>
      endedCredentials.all(before, limit).map(({ row }) => JSON.parse(String(row)) as RecordedCredentialRow),
    /** A few at a time, so that no batch waits long. Answers with how many there were; as many as `limit`: there may be more. */
    forgetSessions: (endedBefore: number, limit: number): number =>
      transaction(() => {
        const gone = someEnded.all(endedBefore, limit);
        for (const { stream, row } of gone) {
          const { publishedAt, sessionId, ...marked } = JSON.parse(String(row)) as RecordedSessionRow;
          for (const one of marksOf({ publishedAt, sessionId, ...marked }))
            removeMark.run(...one, publishedAt, sessionId);
          removeSession.run(String(stream));
        }
        return gone.length;
      }),
    forgetCredentials: (endedBefore: number): number =>
      transaction(() => Number(removeCredentials.run(endedBefore).changes)),
  };
};

export type AuditTables = ReturnType<typeof auditTables>;
