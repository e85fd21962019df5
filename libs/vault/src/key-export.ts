import { hash } from 'node:crypto';
import type { KeyRows } from './move-keys.ts';

/** What an export of keys calls itself, in its first line. Version 1 did not say how far destructions were done. */
export const KEY_EXPORT = { format: 'signalbox-keys', version: 2 } as const;

/** What a line says beside its sum. */
export type KeyLine =
  | { readonly kind: 'head'; readonly format: string; readonly version: number; readonly settledTo?: number }
  | Exclude<KeyRows, { readonly kind: 'settled' }>
  | ({ readonly kind: 'end' } & KeyCounts);

export type KeyCounts = { readonly epochs: number; readonly keys: number };

/** The sum of a line, over that of the line before; '' before the first. It is over the fields in the order of their types. */
export const sumOfKeyLine = (before: string, says: KeyLine): string => hash('sha256', before + JSON.stringify(says));

/** For whoever writes rows or reads them, to say at the end how many there were. */
export const countingKeys = () => {
  const counts = { epochs: 0, keys: 0 };
  return {
    counts,
    add: (rows: KeyRows): void => {
      if (rows.kind === 'epoch') counts.epochs++;
      else if (rows.kind === 'keys') counts.keys += rows.keys.length;
    },
  };
};

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
    case 'settled':
      return { kind: 'head', ...KEY_EXPORT, settledTo: rows.upTo };
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
