import { KEY_EXPORT, type KeyRows, sumOfKeyLine } from '@signalbox/vault';
import { z } from 'zod';
import { BadExport } from './errors.ts';
import { linesOf } from './lines.ts';

const text = z.string().min(1);
const time = z.int().nullable();
const count = z.int().min(0);

const head = z.strictObject({
  ...{ kind: z.literal('head'), format: z.literal(KEY_EXPORT.format), version: z.literal([KEY_EXPORT.version, 2]) },
  settledTo: count.exactOptional(),
});
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

/** Schemas give fields in their own order, so that the same is summed here as where it was written. */
const line = z.strictObject({ says: z.discriminatedUnion('kind', [head, epoch, keys, end]), sum: text });

/** Rows of an export (`exportedKeys`), each checked before it is given. Throws `BadExport`. */
export async function* readKeys(input: AsyncIterable<Uint8Array>): AsyncGenerator<KeyRows, void> {
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
    if (data.sum !== sumOfKeyLine(sum, data.says) || isEnded) {
      throw new BadExport(`Line ${number} is not what was exported, or not in its place. Export again.`);
    }
    sum = data.sum;
    const { says } = data;
    if (says.kind === 'end') isEnded = true;
    else if (says.kind !== 'head') yield says;
  }
  if (!isEnded) throw new BadExport('The export ends too early: its last lines are missing. Export again.');
}

const jsonOf = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
};
