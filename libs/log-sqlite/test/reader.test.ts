import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { migrations } from '../src/migrations/index.ts';
import { livePositionsSql } from '../src/reader.ts';
import { aDirectory, anEvent, aStream, NOW, openAt } from './fixtures.ts';

describe('reading what is alive', () => {
  it('goes by indexes alone, so that what has been costs nothing', () => {
    const db = new DatabaseSync(':memory:');
    for (const migration of migrations) migration.up(db);
    const plan = db
      .prepare(`EXPLAIN QUERY PLAN ${livePositionsSql}`)
      .all(NOW)
      .map((row) => String(row.detail));
    db.close();
    expect(plan.filter((detail) => detail.startsWith('SCAN'))).toEqual([]);
    expect(plan.filter((detail) => detail.includes('TEMP B-TREE'))).toEqual([]);
    expect(plan.filter((detail) => detail.includes('streams_by_closing'))).toHaveLength(2);
    expect(plan.filter((detail) => detail.includes('SEARCH events') && detail.includes('stream_id=?'))).toHaveLength(2);
  });

  it('ends a page before it gets too large, and goes on with the next', async () => {
    const log = await openAt(aDirectory());
    const stream = aStream();
    const data = new Uint8Array(1 << 20);
    for (let i = 0; i < 7; i++) await log.append(stream, [anEvent({ data })], 'any');
    const { pages } = await log.readLive({ closedSince: NOW });
    const live: number[][] = [];
    for await (const page of pages) live.push(page.map((e) => e.revision));
    expect(live).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6],
    ]);

    const aborter = new AbortController();
    const subscribed: number[][] = [];
    for await (const delivery of log.subscribeAll(0, { signal: aborter.signal })) {
      if (delivery.kind === 'events') subscribed.push(delivery.events.map((e) => e.revision));
      else aborter.abort();
    }
    expect(subscribed).toEqual(live);
    expect(await log.readAll(0, 7)).toHaveLength(7);
  });
});
