import type { RecordedEvent, StreamName } from '@signalbox/event-sourcing';
import { appendExactly } from './appender.ts';
import { importedForm } from './envelope.ts';
import { CannotOpenLog } from './errors.ts';
import { type Identity, readIdentity, writeFinished, writeOpened } from './identity.ts';
import { CATEGORIES } from './log.ts';
import { contextOf, type LogContext } from './log-context.ts';
import { createReader } from './reader.ts';
import { type Session, type StoreOptions, startSession } from './session.ts';

/** So much data of one stream goes into one append: well below what any version of the server takes (1 MiB). */
const MAX_APPEND_BYTES = 256 << 10;

export type Import = {
  /** The position up to which the target holds the source already: above 0 when an interrupted import goes on. */
  readonly resumedAt: number;
  /**
   * Writes the next events of the source, all of them, in position order; those up to `resumedAt` are passed over. Ids,
   * order, positions, times and hashes are kept. Rejects with a `RangeError` for what is out of order, and with
   * `CannotOpenLog` when the target holds something else in one of the streams.
   */
  append(events: readonly RecordedEvent[]): Promise<void>;
  /** Says that the source is here as a whole; from now on the log can be opened. */
  finish(): Promise<void>;
  /** Gives the connection back. An import that has not been finished can be begun again. */
  close(): Promise<void>;
};

/**
 * Begins to move a log into an EventStoreDB that holds none, or goes on with a move of the same log that was
 * interrupted. `head` is the position of the source's last event: new events get positions above it.
 */
export const beginImport = async (
  options: StoreOptions & { readonly logId: string; readonly head: number; readonly categories?: readonly string[] },
): Promise<Import> => {
  const session = await startSession(options);
  try {
    const identity = await openTarget(session, options.logId, options.head);
    const log = contextOf(session.around, identity, session.prefix, options.categories ?? CATEGORIES);
    return await createImport(session, log, options.head);
  } catch (error) {
    await session.end();
    throw error;
  }
};

const openTarget = async ({ around, prefix }: Session, logId: string, head: number): Promise<Identity> => {
  const base = head + 1;
  const found = await readIdentity(around, prefix);
  if (!found) await writeOpened(around, prefix, { logId, base, state: 'importing' });
  const identity = found ?? (await readIdentity(around, prefix));
  if (identity?.logId !== logId) {
    throw new CannotOpenLog(
      'LOG_EXISTS',
      `This EventStoreDB holds log ${identity?.logId} already. Import log ${logId} into an empty one: the positions of ` +
        'two logs cannot be brought together.',
    );
  }
  if (identity.state !== 'importing') {
    throw new CannotOpenLog('LOG_EXISTS', `Log ${logId} is here as a whole already. There is nothing to import.`);
  }
  if (identity.base !== base) {
    throw new CannotOpenLog(
      'LOG_EXISTS',
      `The import of log ${logId} began when its last position was ${identity.base - 1}; now it is ${head}. The source ` +
        'has been written to since. Stop it, and import it into an empty EventStoreDB.',
    );
  }
  return identity;
};

const createImport = async (session: Session, log: LogContext, head: number): Promise<Import> => {
  const resumedAt = await createReader(log).head();
  let last: Pick<RecordedEvent, 'position' | 'recordedAt'> = { position: 0, recordedAt: 0 };

  const write = async (events: readonly RecordedEvent[]): Promise<void> => {
    const [first] = events;
    if (!first) return;
    const expected = first.revision === 0 ? 'no_stream' : first.revision - 1;
    const result = await appendExactly(log, first.stream, events.map(importedForm), expected);
    if (result.kind === 'appended') return;
    throw new CannotOpenLog(
      'LOG_EXISTS',
      `Stream ${first.stream} of the target holds something else at revision ${first.revision}. Import into an empty ` +
        'EventStoreDB.',
    );
  };

  return {
    resumedAt,
    append: async (events) => {
      for (const event of events) {
        if (event.position <= last.position || event.position > head) {
          throw new RangeError(
            `Event ${event.id} at position ${event.position} is out of order: it comes after ${last.position}, and the ` +
              `source ends at ${head}.`,
          );
        }
        last = event;
      }
      // One after the other: the order in which they are written is the order of the log.
      for (const run of runsOf(events.filter((event) => event.position > resumedAt))) await write(run);
    },
    finish: async () => {
      if (last.position !== head) {
        throw new RangeError(`The import ends at position ${last.position}, but the source at ${head}.`);
      }
      await writeFinished(session.around, session.prefix, log.identity.logId, { recordedAt: last.recordedAt });
    },
    close: () => session.end(),
  };
};

/** Events in a row that continue one stream, as many as go into one append. */
const runsOf = (events: readonly RecordedEvent[]): readonly (readonly RecordedEvent[])[] => {
  const runs: RecordedEvent[][] = [];
  let stream: StreamName | null = null;
  let bytes = 0;
  for (const event of events) {
    bytes += event.data.length;
    const run = runs.at(-1);
    if (run && event.stream === stream && bytes <= MAX_APPEND_BYTES) run.push(event);
    else {
      runs.push([event]);
      bytes = event.data.length;
    }
    stream = event.stream;
  }
  return runs;
};
