import { createHash } from 'node:crypto';
import type { KeyRows } from '@signalbox/vault';
import { z } from 'zod';
import { BadExport } from './errors.ts';
import { linesOf } from './lines.ts';

/**
 * Exported keys: lines of JSON, a head, rows, and an end. Each line has the SHA-256 of the sum before and of what it says
 * itself, so that each is checked before it is used, and a file that was cut off, altered or put together differently
 * is noticed. The sums are against accidents; that nobody has exchanged a key is shown by the keys themselves, which are
 * sealed for their ids.
 */
const FORMAT = 'signalbox-keys';
const VERSION = 1;

const text = z.string().min(1);
const time = z.int().nullable();
const count = z.int().min(0);

const head = z.strictObject({ kind: z.literal('head'), format: z.literal(FORMAT), version: z.literal(VERSION) });
const epoch = z.strictObject({
  kind: z.literal('epoch'),
  epoch: z.strictObject({ id: text, startsAt: time, endsAt: time, wrapped: text }),
});
const keys = z.strictObject({
  kind: z.literal('keys'),
  epoch: text,
  keys: z.array(z.strictObject({ id: text, wrapped: text })),
});
const end = z.strictObject({ kind: z.literal('end'), epochs: count, keys: count });

const line = z.strictObject({ says: z.discriminatedUnion('kind', [head, epoch, keys, end]), sum: text });
type Says = z.infer<typeof line>['says'];

export type KeyCounts = { readonly epochs: number; readonly keys: number };

/** The sum of a line. Schemas give fields in their own order, so that the same is summed on both sides. */
const sumOf = (before: string, says: Says): string =>
  createHash('sha256')
    .update(before + JSON.stringify(says))
    .digest('hex');

const counting = () => {
  const counts = { epochs: 0, keys: 0 };
  return {
    counts,
    add: (rows: KeyRows) => {
      if (rows.kind === 'epoch') counts.epochs++;
      else counts.keys += rows.keys.length;
    },
  };
};

/** Lines, each with its newline; the counts are right once the last line has been taken. */
export const exportedKeys = (
  rows: AsyncIterable<KeyRows>,
): { readonly lines: AsyncIterable<string>; readonly counts: KeyCounts } => {
  const { counts, add } = counting();
  let sum = '';
  const lineOf = (says: Says): string => {
    sum = sumOf(sum, says);
    return `${JSON.stringify({ says, sum })}\n`;
  };
  async function* lines(): AsyncGenerator<string, void> {
    yield lineOf({ kind: 'head', format: FORMAT, version: VERSION });
    for await (const some of rows) {
      add(some);
      const says = some.kind === 'epoch' ? epoch.parse(some) : keys.parse(some);
      yield lineOf(says);
    }
    yield lineOf({ kind: 'end', ...counts });
  }
  return { lines: lines(), counts };
};

/** Rows, each checked before it is given. Throws `BadExport`. */
export async function* readKeys(input: AsyncIterable<Uint8Array>): AsyncGenerator<KeyRows, KeyCounts> {
  const { counts, add } = counting();
  let sum = '';
  let isEnded = false;
  for await (const { number, bytes } of linesOf(input)) {
    const { data } = line.safeParse(jsonOf(bytes));
    const isFirst = number === 1;
    if (!data || isFirst !== (data.says.kind === 'head')) {
      throw new BadExport(
        isFirst
          ? 'This is no export of keys that this version can read.'
          : `Line ${number} is not what was exported. Export again.`,
      );
    }
    if (data.sum !== sumOf(sum, data.says) || isEnded) {
      throw new BadExport(`Line ${number} is not what was exported, or not in its place. Export again.`);
    }
    sum = data.sum;
    const { says } = data;
    if (says.kind === 'end') isEnded = true;
    if (says.kind !== 'epoch' && says.kind !== 'keys') continue;
    add(says);
    yield says;
  }
  if (!isEnded) throw new BadExport('The export ends too early: its last lines are missing. Export again.');
  return counts;
}

const jsonOf = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
};
