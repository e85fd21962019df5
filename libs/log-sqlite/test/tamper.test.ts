import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { RecordedEvent } from '@signalbox/event-sourcing';
import { seededChance } from '@signalbox/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { readerOf } from '../src/open-for-reading.ts';
import { anEvidencedLog, type EvidencedLog, inMemory, readable, verified } from './evidenced-log.ts';

/** Each flip is followed by a whole run of the verifier, so most of them are made on a log that is not long. */
const SMALL = 160;
const LARGE = 3_000;
const FLIPS = 10_000;
const FLIPS_IN_LARGE = 300;
const FLIPS_IN_PAGES = 600;

let small: EvidencedLog;
let large: EvidencedLog;
beforeAll(async () => {
  small = await anEvidencedLog(SMALL);
  large = await anEvidencedLog(LARGE);
});

const chance = seededChance(4);
const below = (count: number): number => Math.floor(chance.fraction() * count);

const columnsOf = (db: DatabaseSync): readonly string[] =>
  db
    .prepare('PRAGMA table_info(events)')
    .all()
    .map(({ name }) => String(name));

/** The value with one bit the other way round, and how it is written. */
const flipped = (value: unknown): { readonly sql: string; readonly value: SQLInputValue } | null => {
  if (typeof value === 'bigint') return { sql: '?', value: value ^ (1n << BigInt(below(50))) };
  const bytes =
    typeof value === 'string' ? Buffer.from(value) : value instanceof Uint8Array ? Buffer.from(value) : null;
  if (bytes === null || bytes.byteLength === 0) return null;
  const at = below(bytes.byteLength);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
  return { sql: typeof value === 'string' ? 'CAST(? AS TEXT)' : '?', value: bytes };
};

/** Flips a bit of a stored value, and answers with how to undo that; null where there was none, or the log forbids it. */
const flipOne = (db: DatabaseSync, position: number, column: string): (() => void) | null => {
  const select = db.prepare(`SELECT ${column} AS value FROM events WHERE position = ?`);
  select.setReadBigInts(true);
  const before = select.get(position)?.value as SQLInputValue;
  const after = flipped(before);
  if (after === null) return null;
  try {
    db.prepare(`UPDATE events SET ${column} = ${after.sql} WHERE position = ?`).run(after.value, position);
  } catch {
    return null;
  }
  const now = column === 'position' ? (after.value as bigint) : position;
  return () => void db.prepare(`UPDATE events SET ${column} = ? WHERE position = ?`).run(before, now);
};

const flipAndFind = async ({ bytes, tiles, covered }: EvidencedLog, count: number): Promise<ReadonlySet<string>> => {
  const db = inMemory(bytes);
  const columns = columnsOf(db);
  const touched = new Set<string>();
  for (let done = 0; done < count; ) {
    const position = 1 + below(covered);
    const column = columns[below(columns.length)] ?? '';
    const undo = flipOne(db, position, column);
    if (!undo) continue;
    const { difference } = await verified(db, tiles);
    if (difference?.position !== position || difference.upTo !== position) {
      expect.unreachable(`${column} at position ${position} was told as ${JSON.stringify(difference)}`);
    }
    undo();
    touched.add(column);
    done++;
  }
  expect(await verified(db, tiles)).toMatchObject({ intact: true });
  db.close();
  return touched;
};

/** As text, so that it can be compared. */
const written = (event: RecordedEvent | undefined): string =>
  JSON.stringify(event, (_, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString('hex') : value));

describe('a stored log', () => {
  it('is intact before anything is done to it', async () => {
    for (const log of [small, large]) {
      const db = inMemory(log.bytes);
      expect(await verified(db, log.tiles)).toMatchObject({ intact: true, uncovered: 1 });
      expect(await verified(db, null)).toMatchObject({ intact: true });
      expect([...readerOf(db).flaws()]).toEqual([]);
      db.close();
    }
  });

  it('shows each of 10,000 bits that were flipped in what it stores, at its place', { timeout: 240_000 }, async () => {
    const touched = await flipAndFind(small, FLIPS - FLIPS_IN_LARGE);
    expect(touched.size).toBeGreaterThan(20);
    await flipAndFind(large, FLIPS_IN_LARGE);
  });

  it('shows each bit that was flipped in its pages, or holds the same as before', { timeout: 240_000 }, async () => {
    const original = inMemory(small.bytes);
    const before = (await readable(original)).map(written);
    const pages = original
      .prepare("SELECT pgoffset AS start, pgsize AS size FROM dbstat WHERE name = 'events'")
      .all()
      .map(({ start, size }) => ({ start: Number(start), size: Number(size) }));
    original.close();
    let found = 0;
    for (let done = 0; done < FLIPS_IN_PAGES; done++) {
      const page = pages[below(pages.length)] ?? { start: 0, size: 1 };
      const bytes = Buffer.from(small.bytes);
      const at = page.start + below(page.size);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
      const db = inMemory(bytes);
      const { intact, difference } = await verified(db, small.tiles);
      const after = (await readable(db)).map(written);
      const first = before.findIndex((event, index) => event !== after[index]);
      const isSame = first === -1 && after.length === before.length;
      const isUncovered = first >= small.covered;
      const place = `byte ${at} of page ${page.start / page.size}, first of all at ${first + 1}`;
      if (intact && !isSame && !isUncovered) expect.unreachable(`${place} was not found`);
      if (!intact && !isSame && !isUncovered && difference?.position !== first + 1) {
        expect.unreachable(`${place} was told as ${JSON.stringify(difference)}`);
      }
      if (!intact) found++;
      db.close();
    }
    expect(found).toBeGreaterThan(FLIPS_IN_PAGES / 10);
  });

  it('shows what was deleted', async () => {
    for (const { bytes, tiles, covered } of [small, large]) {
      for (let done = 0; done < 40; done++) {
        const position = 1 + below(covered);
        for (const evidence of [tiles, null]) {
          const db = inMemory(bytes);
          db.prepare('DELETE FROM events WHERE position = ?').run(position);
          expect((await verified(db, evidence)).difference).toMatchObject({
            position,
            upTo: position,
            what: 'missing',
          });
          db.close();
        }
      }
    }
  });

  it('shows what was swapped: whole events, and their contents', async () => {
    for (const { bytes, tiles, covered } of [small, large]) {
      for (let done = 0; done < 40; done++) {
        const [a, b] = [1 + below(covered), 1 + below(covered)].toSorted((x, y) => x - y) as [number, number];
        if (a === b) continue;
        const db = inMemory(bytes);
        db.exec(`UPDATE events SET position = -1 WHERE position = ${a}`);
        db.exec(`UPDATE events SET position = ${a} WHERE position = ${b}`);
        db.exec(`UPDATE events SET position = ${b} WHERE position = -1`);
        expect((await verified(db, tiles)).difference, `${a} and ${b}`).toMatchObject({ position: a, upTo: a });
        db.close();
        const contents = inMemory(bytes);
        const [left, right] = [a, b].map((at) =>
          contents.prepare('SELECT data FROM events WHERE position = ?').get(at),
        );
        const put = contents.prepare('UPDATE events SET data = ? WHERE position = ?');
        put.run(right?.data ?? null, a);
        put.run(left?.data ?? null, b);
        expect((await verified(contents, tiles)).difference).toMatchObject({ position: a, what: 'hash' });
        contents.close();
      }
    }
  });

  it('shows that its end was cut off', async () => {
    for (const { bytes, tiles, covered } of [small, large]) {
      for (let done = 0; done < 20; done++) {
        const position = 1 + below(covered);
        const db = inMemory(bytes);
        db.prepare('DELETE FROM events WHERE position >= ?').run(position);
        expect((await verified(db, tiles)).difference).toMatchObject({ position, what: 'truncated' });
        db.close();
      }
    }
  });

  it('shows what was changed beside the events and changes what is read', async () => {
    const named = inMemory(small.bytes);
    const { id, position } = named
      .prepare('SELECT stream_id AS id, min(position) AS position FROM events GROUP BY 1 LIMIT 1 OFFSET 9')
      .get() as { readonly id: number; readonly position: number };
    named.prepare("UPDATE streams SET name = 'session-other' WHERE id = ?").run(id);
    expect((await verified(named, small.tiles)).difference).toMatchObject({ position, what: 'hash' });
    named.close();

    const gone = inMemory(small.bytes);
    gone.prepare('DELETE FROM streams WHERE id = ?').run(id);
    expect((await verified(gone, small.tiles)).difference).toMatchObject({ position, what: 'missing' });
    expect(readerOf(gone).flaws()[0]).toMatchObject({ position });
    gone.close();

    const said = inMemory(small.bytes);
    said.prepare('UPDATE streams SET revision = revision + 1 WHERE id = ?').run(id);
    expect(await verified(said, small.tiles)).toMatchObject({ intact: true });
    expect(readerOf(said).flaws()).toMatchObject([{ what: expect.stringContaining('revision') }]);
    said.close();
  });
});
