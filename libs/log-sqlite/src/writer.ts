import type { DatabaseSync } from 'node:sqlite';
import { createAppender } from './appender.ts';
import { type Batch, type Committed, type Failed, MISTAKEN, unpackAppends } from './batch.ts';
import { resultCode } from './database.ts';
import { sideWrites } from './side-tables.ts';

/**
 * The one that writes. Everything is synchronous: it runs in a thread of its own, which waits for the disk so that the
 * event loop does not have to.
 */
export const createWriter = (db: DatabaseSync) => {
  const appender = createAppender(db);
  const sides = Object.fromEntries(Object.entries(sideWrites).map(([name, sql]) => [name, db.prepare(sql)])) as Record<
    keyof typeof sideWrites,
    ReturnType<DatabaseSync['prepare']>
  >;

  const write = (batches: readonly Batch[]): Committed => {
    const outcomes: number[] = [];
    const mistakes = new Map<number, Error>();
    for (const batch of batches) {
      for (const append of unpackAppends(batch)) {
        try {
          const { kind, revision, position } = appender.append(append);
          outcomes.push(kind, revision, position);
        } catch (error) {
          mistakes.set(outcomes.length / 3, mistakeOrThrow(error));
          outcomes.push(MISTAKEN, 0, 0);
        }
      }
    }
    return {
      kind: 'committed',
      batches: batches.length,
      outcomes: new Float64Array(outcomes),
      mistakes,
      sides: batches.flatMap((batch) =>
        batch.sides.map(({ statement, values }) => {
          try {
            return Number(sides[statement].run(...values).changes);
          } catch (error) {
            return mistakeOrThrow(error);
          }
        }),
      ),
    };
  };

  return {
    /**
     * Writes the batches in one transaction, in order. What is wrong with one append or side write is its own affair;
     * when the database cannot write, the whole transaction fails and nothing of it stays.
     */
    commit: (batches: readonly Batch[]): Committed | Failed => {
      const undo = appender.mark();
      try {
        db.exec('BEGIN IMMEDIATE');
        const committed = write(batches);
        db.exec('COMMIT');
        return committed;
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        undo();
        return { kind: 'failed', batches: batches.length, error: asError(error) };
      }
    },
  };
};

/** SQLite's result codes that speak of the statement and its values: too big, constraint, mismatch, range. */
const ABOUT_THE_VALUES = new Set<number | undefined>([18, 19, 20, 25]);

/** Gives the error back when it is about the values that were to be written; throws what is about the database. */
const mistakeOrThrow = (error: unknown): Error => {
  const mistaken = error instanceof TypeError || error instanceof RangeError || ABOUT_THE_VALUES.has(resultCode(error));
  if (!mistaken) throw error;
  return asError(error);
};

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
