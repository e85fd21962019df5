import type { RecordedEvent } from '@signalbox/event-sourcing';
import { UnreadableEvents } from '@signalbox/evidence';
import { BadExport } from './errors.ts';
import * as format from './format.ts';
import { type Line, linesOf } from './lines.ts';

const PAGE_EVENTS = 1_000;

/**
 * Reads an export as it is, without its check sums and without a look at its order, for whoever wants to know what in
 * it was changed. `pages` throws `UnreadableEvents` at the first line that is none. Throws `BadExport` where there is no
 * head.
 */
export const unverifiedExport = async (
  input: AsyncIterable<Uint8Array>,
): Promise<{
  readonly logId: string;
  readonly head: number;
  readonly pages: AsyncIterable<readonly RecordedEvent[]>;
  /** Whether the line that ends an export was there, once the pages have been read. */
  readonly end: { readonly seen: boolean };
}> => {
  const lines = linesOf(input);
  const first = await lines.next();
  const head = first.done ? null : format.head.safeParse(parsed(first.value)).data;
  if (!head) throw new BadExport('Line 1: this is no export of this version. “signalbox export” makes one.');
  const end = { seen: false };

  async function* pages(): AsyncGenerator<readonly RecordedEvent[], void> {
    let page: RecordedEvent[] = [];
    let position = 0;
    for await (const line of lines) {
      const said = parsed(line);
      const kind = kindOf(said);
      if (kind === 'end') end.seen = true;
      if (kind === 'end' || kind === 'check') continue;
      const content = format.line.safeParse(said).data;
      if (content?.kind !== 'event') {
        yield page;
        throw new UnreadableEvents(position, new Error(`line ${line.number} is no line of an export`));
      }
      page.push(format.eventOf(content));
      position = content.position;
      if (page.length < PAGE_EVENTS) continue;
      yield page;
      page = [];
    }
    yield page;
  }
  return { logId: head.logId, head: head.head, pages: pages(), end };
};

const parsed = (line: Line): unknown => {
  try {
    return JSON.parse(line.bytes.toString());
  } catch {
    return undefined;
  }
};

const kindOf = (line: unknown): unknown =>
  typeof line === 'object' && line !== null && 'kind' in line ? line.kind : null;
