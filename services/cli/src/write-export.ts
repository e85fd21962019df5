import { createHash } from 'node:crypto';
import type { CatchUpSource, RecordedEvent } from '@signalbox/event-sourcing';
import { FORMAT, type Head, lineOf, SESSION_FORMAT, type SessionHead, type SumLine, VERSION } from './format.ts';

export type ExportedPiece = { readonly text: string; readonly position: number; readonly count: number };

/** The exporting of a log that nobody writes to: text in pieces of a few megabytes, with how far each reaches. */
export const exportedLog = (log: {
  readonly id: string;
  readonly head: number;
  readonly subscribeAll: CatchUpSource['subscribeAll'];
}): AsyncGenerator<ExportedPiece, void> =>
  exported({ kind: 'log', format: FORMAT, version: VERSION, logId: log.id, head: log.head }, pagesOf(log.subscribeAll));

/** What one session left in a log. No import takes it for a log: its head is another. */
export const exportedSession = (
  logId: string,
  sessionId: string,
  events: readonly RecordedEvent[],
): AsyncGenerator<ExportedPiece, void> => {
  const head = events.at(-1)?.position ?? 0;
  return exported({ kind: 'log', format: SESSION_FORMAT, version: VERSION, logId, sessionId, head }, [events]);
};

async function* pagesOf(subscribeAll: CatchUpSource['subscribeAll']) {
  for await (const delivery of subscribeAll(0, { signal: new AbortController().signal })) {
    if (delivery.kind === 'caught_up') return;
    yield delivery.events;
  }
}

async function* exported(
  head: Head | SessionHead,
  pages: AsyncIterable<readonly RecordedEvent[]> | Iterable<readonly RecordedEvent[]>,
): AsyncGenerator<ExportedPiece, void> {
  const hash = createHash('sha256');
  let count = 0;
  let position = 0;
  const written = (text: string) => {
    hash.update(text);
    return text;
  };
  const sum = (kind: SumLine['kind']) => written(json({ kind, count, sha256: hash.copy().digest('hex') }));
  const block = (events: readonly RecordedEvent[]) => {
    count += events.length;
    position = events.at(-1)?.position ?? position;
    return written(events.map((event) => json(lineOf(event))).join('')) + sum('check');
  };

  yield { text: written(json(head)), position, count };
  for await (const events of pages) yield { text: block(events), position, count };
  yield { text: sum('end'), position, count };
}

const json = (value: Head | SessionHead | ReturnType<typeof lineOf> | SumLine): string => `${JSON.stringify(value)}\n`;
