import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { auditIndexContract } from '@signalbox/conformance';
import { streamName } from '@signalbox/event-sourcing';
import type { RecordedSessionRow } from '@signalbox/read-models';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteAuditIndex } from '../src/index.ts';
import { aDirectory } from './fixtures.ts';

const open = async (path: string, logId = 'log-1') => {
  const opened = await openSqliteAuditIndex({ path, logId });
  onTestFinished(() => opened.close());
  return opened;
};

auditIndexContract('SQLite', () => open(join(aDirectory(), 'audit.db')));

const row = (over: Partial<RecordedSessionRow> = {}): RecordedSessionRow => ({
  ...{ sessionId: 's1', publisher: 'alice', answerer: null, visitors: [], tags: ['a'], traces: [], service: null },
  ...{ publishedAt: 1_000, endedAt: null, state: 'open', redacted: false },
  ...over,
});

const change = (one: RecordedSessionRow, revision: number, position: number) => ({
  ...{ stream: streamName('session', one.sessionId), after: revision - 1, revision, position, recordedAt: 1_000 },
  ...{ row: one, out: [] },
});

const any = { identity: null, tag: null, trace: null, from: null, to: null };

describe('the audit index in a file', () => {
  it('is there again after a restart, from where it was, and only its owner can read it', async () => {
    const path = join(aDirectory(), 'audit.db');
    const first = await open(path);
    await first.sessions.write([change(row(), 0, 5)], 7);
    await first.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = await open(path);
    expect(await second.sessions.checkpoint()).toBe(7);
    expect(await second.index.sessions(any, null, 10)).toEqual([row()]);
    expect(await second.index.position()).toBe(0);
  });

  it.each(['another log', 'another version', 'no database', 'a torn file'])('begins empty for %s', async (what) => {
    const path = join(aDirectory(), 'audit.db');
    const first = await open(path);
    await first.sessions.write([change(row(), 0, 5)], 7);
    await first.close();
    if (what === 'another version') {
      const db = new DatabaseSync(path);
      db.exec("UPDATE meta SET value = '0 log-1' WHERE name = 'identity'");
      db.close();
    }
    if (what === 'no database')
      writeFileSync(path, 'this is no database, and is long enough to look like one'.repeat(200));
    if (what === 'a torn file') writeFileSync(path, Buffer.alloc(65_536, 0x5a), { flag: 'r+' });
    const second = await open(path, what === 'another log' ? 'log-2' : 'log-1');
    expect(await second.sessions.checkpoint()).toBe(0);
    expect(await second.index.sessions(any, null, 10)).toEqual([]);
    await second.sessions.write([change(row({ tags: ['b'] }), 0, 5)], 7);
    expect(await second.index.sessions({ ...any, tag: 'b' }, null, 10)).toHaveLength(1);
  });

  it('does not take back what was forgotten when its events come again', async () => {
    const opened = await open(join(aDirectory(), 'audit.db'));
    await opened.sessions.write([change(row({ endedAt: 2_000 }), 0, 5)], 7);
    expect(await opened.forget(2_001)).toBe(1);
    expect(await opened.sessions.write([change(row({ endedAt: 2_000 }), 0, 5)], 7)).toEqual([]);
    expect(await opened.index.sessions(any, null, 10)).toEqual([]);
  });

  it('tells who made a change from a row that is not there any more', async () => {
    const opened = await open(join(aDirectory(), 'audit.db'));
    await opened.sessions.write([change(row(), 0, 5)], 5);
    const stale = await opened.sessions.write([change(row({ answerer: 'bob' }), 2, 9)], 9);
    expect(stale).toEqual(['session-s1']);
    expect(await opened.sessions.checkpoint()).toBe(5);
  });

  it('finds a page by an index, however many sessions there are', async () => {
    const path = join(aDirectory(), 'audit.db');
    await (await open(path)).close();
    const db = new DatabaseSync(path);
    const plan = db
      .prepare(
        `EXPLAIN QUERY PLAN SELECT sessions.row FROM marks JOIN sessions
           ON sessions.published_at = marks.published_at AND sessions.session_id = marks.session_id
         WHERE marks.kind = ? AND marks.value = ? AND (marks.published_at, marks.session_id) < (?, ?)
         ORDER BY marks.published_at DESC, marks.session_id DESC LIMIT ?`,
      )
      .all('tag', 'a', 1, 's', 1)
      .map(({ detail }) => String(detail));
    db.close();
    expect(plan.filter((detail) => /SCAN|TEMP B-TREE/.test(detail))).toEqual([]);
  });
});
