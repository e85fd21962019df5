import { createHash, type Hash } from 'node:crypto';
import type { RecordedEvent, StreamName } from '@signalbox/event-sourcing';
import type { z } from 'zod';
import { BadExport } from './errors.ts';
import * as format from './format.ts';
import { type Line, linesOf } from './lines.ts';

/** Events that were checked: they are what was exported, in the order of the log. */
export type Block = {
  readonly head: format.Head;
  readonly events: readonly RecordedEvent[];
  /** The end was there, nothing came after it, and all before it was as it should be. The last block has no events. */
  readonly isLast: boolean;
};

/**
 * Reads an export, block by block. Nothing is given out before the check that follows it was found right. Throws
 * `BadExport` for what is no export, and for one that was cut off or altered.
 */
export async function* readExport(input: AsyncIterable<Uint8Array>): AsyncGenerator<Block, void> {
  const hash = createHash('sha256');
  const order = createOrder();
  let head: format.Head | null = null;
  let events: RecordedEvent[] = [];
  let bytes = 0;
  let ended: number | null = null;
  let seen = 0;

  for await (const line of linesOf(input)) {
    seen = line.number;
    if (ended !== null) throw new BadExport(`Something follows the end of the export, in line ${line.number}.`);
    if (head === null) {
      head = headIn(line);
      hash.update(line.bytes).update('\n');
      continue;
    }
    const content = parsed(line, format.line);
    if (content.kind === 'event') {
      const event = format.eventOf(content);
      order.check(event, head, line);
      events.push(event);
      bytes += line.bytes.length;
      if (bytes > format.MAX_BLOCK_BYTES) throw new BadExport(`${at(line)} there should have been a check before.`);
    } else {
      order.checkSum(content, hash, line);
      if (content.kind === 'end') {
        if (events.length > 0)
          throw new BadExport(`${at(line)} the end comes without a check of the events before it.`);
        if (order.position !== head.head) {
          throw new BadExport(
            `${at(line)} the export ends at position ${order.position}, and the log ended at ${head.head}.`,
          );
        }
        ended = line.number;
        continue;
      }
      yield { head, events, isLast: false };
      events = [];
      bytes = 0;
      order.endBlock();
    }
    hash.update(line.bytes).update('\n');
  }
  if (seen === 0) throw new BadExport('There is nothing to read: the export is empty. Did the command before it fail?');
  if (ended === null || head === null) {
    throw new BadExport(`The export is cut off after line ${seen}: its end is missing. Export the log again.`);
  }
  yield { head, events: [], isLast: true };
}

/** What can be told of an event from those before it. */
const createOrder = () => {
  let position = 0;
  let recordedAt = Number.NEGATIVE_INFINITY;
  let count = 0;
  /** Of this block; from block to block, the target holds a stream to its revisions. */
  const revisions = new Map<StreamName, number>();
  return {
    get position() {
      return position;
    },
    check: (event: RecordedEvent, head: format.Head, line: Line) => {
      const before = revisions.get(event.stream);
      if (event.position <= position || event.position > head.head) {
        throw new BadExport(
          `${at(line)} position ${event.position} is out of order: it follows ${position}, and the log ends at ${head.head}.`,
        );
      }
      if (before !== undefined && event.revision !== before + 1) {
        throw new BadExport(
          `${at(line)} revision ${event.revision} of ${event.stream} is out of order: it follows revision ${before}.`,
        );
      }
      if (event.recordedAt < recordedAt) {
        throw new BadExport(`${at(line)} the event was recorded before the one in front of it.`);
      }
      revisions.set(event.stream, event.revision);
      ({ position, recordedAt } = event);
      count++;
    },
    checkSum: (sum: format.SumLine, hash: Hash, line: Line) => {
      if (sum.count !== count) {
        throw new BadExport(`${at(line)} there should be ${sum.count} events before it, and there are ${count}.`);
      }
      if (sum.sha256 !== hash.copy().digest('hex')) {
        throw new BadExport(
          `${at(line)} what stands before it is not what was exported: the check sum differs. Export the log again.`,
        );
      }
    },
    endBlock: () => revisions.clear(),
  };
};

const at = ({ number }: Line): string => `Line ${number}:`;

const GZIP = Buffer.from([0x1f, 0x8b]);

const headIn = (line: Line): format.Head => {
  if (line.bytes.subarray(0, 2).equals(GZIP)) {
    throw new BadExport('The export is compressed. Unpack it on the way: gunzip -c FILE | signalbox import');
  }
  const any = format.anyHead.safeParse(jsonIn(line));
  if (!any.success) throw new BadExport('Line 1: this is no export of Signalbox. “signalbox export” makes one.');
  if (any.data.version !== format.VERSION) {
    throw new BadExport(
      `Line 1: the export has version ${any.data.version} of the format, and this Signalbox reads version ` +
        `${format.VERSION}. Use the Signalbox that made it, or a newer one.`,
    );
  }
  return parsed(line, format.head);
};

const parsed = <T>(line: Line, schema: z.ZodType<T>): T => {
  const result = schema.safeParse(jsonIn(line));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') || 'the line';
  throw new BadExport(`${at(line)} this is no line of an export: ${field}: ${issue?.message}.`);
};

/** The parser's own message would quote what it could not read. */
const jsonIn = (line: Line): unknown => {
  try {
    return JSON.parse(line.bytes.toString());
  } catch {
    if (!line.hasNewline) {
      throw new BadExport(`The export is cut off in the middle of line ${line.number}. Export the log again.`);
    }
    throw new BadExport(`${at(line)} this is no line of an export: it is not JSON.`);
  }
};
