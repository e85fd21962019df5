import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { StoredEvent } from './store.ts';

type Line = readonly (Omit<StoredEvent, 'data' | 'metadata'> & { readonly data: string; readonly metadata: string })[];

/**
 * The store's file: one line of JSON per append, written whole before the append is answered. It survives a process
 * that is killed, which is what the fault tests do; it is not synced, so it need not survive the machine.
 */
export const openStoreFile = (path: string) => {
  const content = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  // A process that was killed in the middle of a line has not acknowledged it.
  const end = content.lastIndexOf('\n') + 1;
  const known = content.subarray(0, end).toString().split('\n').filter(Boolean).flatMap(eventsOf);
  const file = openSync(path, existsSync(path) ? 'r+' : 'w');
  ftruncateSync(file, end);
  let position = end;
  return {
    known: known as readonly StoredEvent[],
    keep: (events: readonly StoredEvent[]): void => {
      const line = Buffer.from(`${JSON.stringify(events.map(written))}\n`);
      writeSync(file, line, 0, line.length, position);
      position += line.length;
    },
    close: (): void => closeSync(file),
  };
};

const written = (event: StoredEvent) => ({
  ...event,
  data: Buffer.from(event.data).toString('base64'),
  metadata: Buffer.from(event.metadata).toString('base64'),
});

const eventsOf = (line: string): StoredEvent[] =>
  (JSON.parse(line) as Line).map((event) => ({
    ...event,
    data: Buffer.from(event.data, 'base64'),
    metadata: Buffer.from(event.metadata, 'base64'),
  }));
