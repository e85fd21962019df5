import { createHash } from 'node:crypto';
import type { CatchUpSource, RecordedEvent } from '@signalbox/event-sourcing';
import { FORMAT, type Head, lineOf, type SumLine, VERSION } from './format.ts';

/** The exporting of a log that nobody writes to: text in pieces of a few megabytes, with how far each reaches. */
export async function* exportedLog(log: {
  readonly id: string;
  readonly head: number;
  readonly subscribeAll: CatchUpSource['subscribeAll'];
}): AsyncGenerator<{ readonly text: string; readonly position: number; readonly count: number }, void> {
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

  const head: Head = { kind: 'log', format: FORMAT, version: VERSION, logId: log.id, head: log.head };
  yield { text: written(json(head)), position, count };
  for await (const delivery of log.subscribeAll(0, { signal: new AbortController().signal })) {
    if (delivery.kind === 'caught_up') break;
    yield { text: block(delivery.events), position, count };
  }
  yield { text: sum('end'), position, count };
}

const json = (value: Head | ReturnType<typeof lineOf> | SumLine): string => `${JSON.stringify(value)}\n`;
