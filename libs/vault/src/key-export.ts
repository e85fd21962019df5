import { hash } from 'node:crypto';
import { countingKeys, type KeyCounts, type KeyRows } from './move-keys.ts';

/**
 * What an export of keys calls itself, in its first line. In version 2, which is not written any more, that line also says
 * up to which position of the log destructions were done: of a log that was restored since, it would be another position.
 */
export const KEY_EXPORT = { format: 'signalbox-keys', version: 1 } as const;

/** What a line says beside its sum. */
export type KeyLine =
  | { readonly kind: 'head'; readonly format: string; readonly version: number; readonly settledTo?: number }
  | KeyRows
  | ({ readonly kind: 'end' } & KeyCounts);

/** The sum of a line, over that of the line before; '' before the first. It is over the fields in the order of their types. */
export const sumOfKeyLine = (before: string, says: KeyLine): string => hash('sha256', before + JSON.stringify(says));

/**
 * Exported keys as lines of JSON, each with its newline: a head, rows, and an end. Each has the SHA-256 of the sum before
 * and of what it says itself, so that each can be checked before it is used, and a file that was cut off, altered or put
 * together differently is noticed. The sums are against accidents; that nobody has exchanged a key is shown by the keys
 * themselves, which are sealed for their ids. The counts are right once the last line has been taken.
 */
export const exportedKeys = (
  rows: AsyncIterable<KeyRows>,
): { readonly lines: AsyncIterable<string>; readonly counts: KeyCounts } => {
  const { counts, add } = countingKeys();
  let sum = '';
  const lineOf = (says: KeyLine): string => {
    sum = sumOfKeyLine(sum, says);
    return `${JSON.stringify({ says, sum })}\n`;
  };
  async function* lines(): AsyncGenerator<string, void> {
    yield lineOf({ kind: 'head', ...KEY_EXPORT });
    for await (const some of rows) {
      add(some);
      yield lineOf(saidOf(some));
    }
    yield lineOf({ kind: 'end', ...counts });
  }
  return { lines: lines(), counts };
};

/** Stores give fields in orders of their own. */
const saidOf = (rows: KeyRows): KeyLine => {
  switch (rows.kind) {
    case 'epoch': {
      const { id, startsAt, endsAt, wrapped } = rows.epoch;
      return { kind: 'epoch', epoch: { id, startsAt, endsAt, wrapped } };
    }
    case 'keys': {
      const keys = rows.keys.map(({ id, wrapped }) => ({ id, wrapped }));
      return { kind: 'keys', epoch: rows.epoch, keys };
    }
  }
};
