import { createReadStream } from 'node:fs';
import type { RecordedEvent } from '@signalbox/event-sourcing';
import {
  beginImport,
  CannotOpenLog,
  type Import,
  openEventStoreLog,
  type StoreOptions,
} from '@signalbox/log-eventstoredb';
import { streamPrefix } from '@signalbox/stack/log';
import type { Command } from './command.ts';
import { Failure, WrongUsage } from './errors.ts';
import type { Head } from './format.ts';
import type { Host } from './host.ts';
import { counted, createProgress } from './progress.ts';
import { readExport } from './read-export.ts';
import { settings } from './settings.ts';

const help = `signalbox import: puts an exported log into an EventStoreDB that holds none.

  signalbox import [--in FILE] [--eventstoredb URL] [--progress]

  --in FILE            what “signalbox export” has written; without it, standard input
  --eventstoredb URL   esdb://user:password@host:2113?tls=true. SIGNALBOX_EVENTSTOREDB_URL stands in for it, and does
                       not show in a list of processes
  --progress           a line every few seconds, also where standard error is no terminal

SIGNALBOX_NAMESPACE is that of the services that will work on the log. Do not start them before the import has ended:
the first of them would begin a log of its own.

Ids, order, positions, times, metadata, hashes and bytes are kept. What is read is checked before it is written, and the
import is finished when the end of the export was there: until then services refuse the log. An import that was
interrupted, by whatever it was, is run again as it was and goes on where it stopped.

Examples:

  npm run --silent signalbox -- import --in signalbox.ndjson --eventstoredb 'esdb://127.0.0.1:2113?tls=false'
  gunzip -c signalbox.ndjson.gz | npm run --silent signalbox -- import
  npm run --silent signalbox -- export | npm run --silent signalbox -- import

Ends with 0 when the log is there as a whole, also when it was before; 1 when it failed; 2 when it was called wrongly.
`;

export const importCommand: Command = {
  name: 'import',
  summary: 'puts an exported log into an EventStoreDB that holds none',
  help,
  options: { in: { takes: 'FILE' }, eventstoredb: { takes: 'URL' }, progress: 'flag' },
  run: async (given, host) => {
    const { stack } = settings(host, { SIGNALBOX_EVENTSTOREDB_URL: given.text('eventstoredb') }, ['eventstoredb']);
    const file = given.text('in');
    if (file === undefined && host.isTerminal.stdin) {
      throw new WrongUsage('Nothing is piped in. Name a file, --in FILE, or: signalbox export | signalbox import');
    }
    const { timers, chance } = host;
    const store = { url: stack.eventStoreDbUrl ?? '', prefix: streamPrefix(stack.namespace), timers, chance };
    const input = file === undefined ? host.stdin() : createReadStream(file);
    // Whichever way the input was opened, it is given to nobody else.
    await importFrom(input, store, host, given.flag('progress'));
  },
};

const importFrom = async (
  input: AsyncIterable<Uint8Array>,
  store: StoreOptions,
  host: Host,
  asLines: boolean,
): Promise<void> => {
  const progress = createProgress('Importing', { ...host, isPiped: false }, { asLines });
  let target: Target | null = null;
  let [count, position] = [0, 0];
  try {
    for await (const { head, events, isLast } of readExport(input)) {
      target ??= await openTarget(store, head);
      await target.append(events);
      count += events.length;
      position = events.at(-1)?.position ?? position;
      progress.at(position, head.head);
      if (!isLast) continue;
      await target.finish();
      progress.end();
      host.stderr(target.outcome(`${counted(count, 'event')} of log ${head.logId}, up to position ${position}`));
    }
  } catch (error) {
    progress.end();
    if (target?.isUnfinished()) host.stderr(UNFINISHED);
    throw error;
  } finally {
    await target?.close();
  }
};

const UNFINISHED =
  'The import is not finished, and services will refuse the log. Mend what follows and run the same import again: it ' +
  'goes on where it stopped.\n';

type Target = Pick<Import, 'append' | 'finish' | 'close'> & {
  readonly isUnfinished: () => boolean;
  readonly outcome: (what: string) => string;
};

const openTarget = async (store: StoreOptions, head: Head): Promise<Target> => {
  try {
    return unfinished(await beginImport({ ...store, logId: head.logId, head: head.head }));
  } catch (error) {
    if (!(error instanceof CannotOpenLog && error.code === 'LOG_EXISTS')) throw error;
    return await whole(store, head, error);
  }
};

const unfinished = (begun: Import): Target => {
  let isFinished = false;
  return {
    append: begun.append,
    finish: async () => {
      await begun.finish();
      isFinished = true;
    },
    close: begun.close,
    isUnfinished: () => !isFinished,
    outcome: (what) => {
      const resumed = begun.resumedAt > 0 ? ` It went on after position ${begun.resumedAt}.` : '';
      return `Imported ${what}.${resumed} Services can be started on it.\n`;
    },
  };
};

/**
 * The target of an import that was finished before. It is read to its end all the same: the source may have been written
 * to since then. Throws `refused` when the target is another log or an unfinished import.
 */
const whole = async (store: StoreOptions, head: Head, refused: CannotOpenLog): Promise<Target> => {
  const log = await openEventStoreLog({ ...store, newLogId: () => head.logId }).catch(() => {
    throw refused;
  });
  let last: RecordedEvent | undefined;
  if (log.id !== head.logId) {
    await log.close();
    throw refused;
  }
  return {
    append: async (events) => {
      last = events.at(-1) ?? last;
    },
    finish: async () => {
      if (!last) return;
      const [found] = await log.readStream(last.stream, { from: last.revision });
      if (found?.id === last.id && found.position === last.position) return;
      throw new Failure(
        `Log ${head.logId} was imported when its last position was below ${head.head}, and has been written to since, ` +
          'here or there. Import it into an empty EventStoreDB.',
      );
    },
    close: log.close,
    isUnfinished: () => false,
    outcome: (what) => `There is nothing to do: ${what}, were imported before.\n`,
  };
};
