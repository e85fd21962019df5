import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  createEventReader,
  entryOf,
  pagesOf,
  type ReadEvent,
  type Replayed,
  replay,
  type Until,
} from '@signalbox/audit';
import { KeysUnavailable, type PayloadSeal, type RecordedEvent } from '@signalbox/event-sourcing';
import { openSqliteKeyStore, openSqliteLogForReading } from '@signalbox/log-sqlite';
import { pause } from '@signalbox/runtime';
import { createVault, importKeys, type KeyStore } from '@signalbox/vault';
import { memoryKeyStore } from '@signalbox/vault/memory';
import type { Given } from './arguments.ts';
import type { Command } from './command.ts';
import { Failure, WrongUsage } from './errors.ts';
import type { Host } from './host.ts';
import { readKeys } from './keys-format.ts';
import { isBrokenPipe, write } from './output.ts';
import { painter } from './paint.ts';
import { counted, createProgress, shown } from './progress.ts';
import { readExport } from './read-export.ts';
import { settings } from './settings.ts';
import { entryLine, timeOf } from './tell-entry.ts';

const help = `signalbox replay: folds the log again, up to a moment, and says what it comes to.

  signalbox replay [--until TIME | --position N] [--speed 10x] [--data-dir DIR | --export FILE] [--keys FILE] [--json]
                   [--progress]

  --until TIME     2026-11-20T10:04:05.123Z, or epoch milliseconds; what was recorded then still counts. Without it, all
  --position N     up to this position instead
  --speed 10x      tells each event as it comes, ten times as fast as it happened; 1x is as fast as it was
  --data-dir DIR   the directory of a standalone server (SIGNALBOX_DATA_DIR, else ./data). The log is only read, and the
                   server may be running: it has the keys then, and without --keys only envelopes are told
  --export FILE    what “signalbox export” has written; with --data-dir, opened with the keys from there
  --keys FILE      opened with these keys instead, which “signalbox keys export” has written (of a running server:
                   --server). All of them are held in memory. They open what was erased since they were exported, too
  --json           for programs: a line for each event that is told, and one for what it comes to
  --progress       a line every few seconds, also where standard error is no terminal

The state hash is over the state of every stream. The same events, opened with the same keys, give the same hash on any
machine and any number of times. Where the keys are not at hand, it is that of what can be read, and is said to be so.
Master keys are SIGNALBOX_MASTER_KEYS, or of a server in development those in its data directory.

Examples:

  npm run --silent signalbox -- replay --until 2026-11-20T10:04:05.123Z
  npm run --silent signalbox -- replay --until 2026-11-20T10:04:05Z --speed 10x
  npm run --silent signalbox -- replay --export signalbox.ndjson --json
  npm run --silent signalbox -- keys export --server http://127.0.0.1:3000 --out keys.ndjson
  npm run --silent signalbox -- replay --keys keys.ndjson

Ends with 0 when it is done, or when whoever reads it wants no more; 1 when it failed; 2 when it was called wrongly.
`;

/** A pause in the log that is longer than this is told, and cut short. */
const LONGEST_PAUSE_MS = 5_000;

export const replayCommand: Command = {
  name: 'replay',
  summary: 'folds the log again up to a moment: what happened, and what it comes to',
  help,
  options: {
    until: { takes: 'TIME' },
    position: { takes: 'N' },
    speed: { takes: '10x' },
    'data-dir': { takes: 'DIR' },
    export: { takes: 'FILE' },
    keys: { takes: 'FILE' },
    json: 'flag',
    progress: 'flag',
  },
  run: async (given, host) => {
    const until = untilIn(given);
    const speed = speedIn(given);
    const { dataDir, secrets } = settings(
      host,
      { SIGNALBOX_DATA_DIR: given.text('data-dir') },
      [],
      ['SIGNALBOX_MASTER_KEYS'],
    );
    const directory = resolve(dataDir);
    const keys = await keysFor(given, directory, masterKeysIn(directory, secrets.masterKeys), host);
    const log = await openLog(given, directory);
    const progress = createProgress('Replaying', { ...host, isPiped: false }, { asLines: given.flag('progress') });
    const tell = speed === null ? null : teller(host, speed, given.flag('json'));
    try {
      const outcome = await replay({
        ...{ pages: log.pages, read: createEventReader(keys.open), until },
        onPage: async (events) => {
          if (tell) await tell(events);
          else progress.at(events.at(-1)?.recorded.position ?? 0, log.head);
        },
      });
      progress.end();
      if (given.flag('json')) await write(host.stdout, `${JSON.stringify({ log: log.id, ...outcome })}\n`);
      else await write(host.stdout, summed(log.id, outcome, keys.missing));
    } catch (error) {
      progress.end();
      if (!isBrokenPipe(error)) throw error;
    } finally {
      await keys.close();
      await log.close();
    }
  },
};

type Log = {
  readonly id: string;
  readonly head: number;
  readonly pages: AsyncIterable<readonly RecordedEvent[]>;
  readonly close: () => Promise<void>;
};

const openLog = async (given: Given, directory: string): Promise<Log> => {
  const file = given.text('export');
  if (file !== undefined) return openExport(file);
  const path = join(directory, 'signalbox.db');
  if (!existsSync(path)) {
    throw new Failure(`There is no log in ${directory}. Name the directory of the server: --data-dir DIR.`);
  }
  const log = openSqliteLogForReading({ path });
  return { id: log.id, head: await log.head(), pages: pagesOf(log), close: () => log.close() };
};

const openExport = async (file: string): Promise<Log> => {
  if (!existsSync(file)) throw new Failure(`There is no file ${file}.`);
  const blocks = readExport(createReadStream(file));
  const first = await blocks.next();
  if (first.done) throw new Error('An export has at least its end.');
  const { head, events } = first.value;
  async function* pages() {
    yield events;
    for await (const block of blocks) yield block.events;
  }
  return { id: head.logId, head: head.head, pages: pages(), close: async () => {} };
};

type Keys = Pick<PayloadSeal, 'open'> & {
  /** Why what is sealed stays so; null where it does not. */
  readonly missing: string | null;
  readonly close: () => Promise<void>;
};

const closed = (missing: string): Keys => ({
  ...{ missing, close: async () => {} },
  open: async (payloads) => payloads.map(({ keyId, data }) => (keyId === null ? data : null)),
});

const keysFor = (given: Given, directory: string, masterKeys: readonly string[], host: Host): Promise<Keys> | Keys => {
  const file = given.text('keys');
  if (file !== undefined) return exportedKeysIn(file, masterKeys, host);
  const isTold = given.text('export') === undefined || given.text('data-dir') !== undefined;
  return isTold ? openKeys(directory, masterKeys, host) : closed('they are not in an export');
};

const masterKeysIn = (directory: string, given: readonly string[]): readonly string[] => {
  const made = join(directory, 'keys', 'master.key');
  return given.length === 0 && existsSync(made) ? [readFileSync(made, 'utf8').trim()] : given;
};

const NO_MASTER_KEY = 'no master key is known: see SIGNALBOX_MASTER_KEYS';

/** Whoever names a file wants what is sealed opened: anything that prevents it is a `Failure`. */
const exportedKeysIn = async (file: string, masterKeys: readonly string[], host: Host): Promise<Keys> => {
  if (!existsSync(file)) throw new Failure(`There is no file ${file}.`);
  if (masterKeys.length === 0) throw new Failure(`The keys in ${file} open nothing: ${NO_MASTER_KEY}.`);
  const store = memoryKeyStore();
  await importKeys(store, readKeys(createReadStream(file)));
  const keys = await opening(store, masterKeys, host);
  if (keys.missing !== null) throw new Failure(`The keys in ${file} can’t all be used: ${keys.missing}.`);
  return keys;
};

/** A key store belongs to the server while that runs. */
const openKeys = async (directory: string, masterKeys: readonly string[], host: Host): Promise<Keys> => {
  const path = join(directory, 'keys.db');
  if (!existsSync(path)) return closed(`there is no ${path}`);
  if (masterKeys.length === 0) return closed(NO_MASTER_KEY);
  try {
    return await opening(await openSqliteKeyStore({ path }), masterKeys, host);
  } catch (error) {
    if (!(error instanceof KeysUnavailable)) throw error;
    return closed(error.message);
  }
};

const opening = async (store: KeyStore, masterKeys: readonly string[], { clock, chance }: Host): Promise<Keys> => {
  const vault = createVault({
    ...{ store, chance, now: clock.now, epochMs: 3_600_000 },
    masterKeys: masterKeys.map((key) => Buffer.from(key, 'hex')),
  });
  const missing = (await vault.status()).missing.map(({ id }) => id).join(', ');
  return {
    open: vault.fresh.open,
    missing: missing === '' ? null : `master key ${missing} is not given: see SIGNALBOX_MASTER_KEYS`,
    close: () => store.close(),
  };
};

const untilIn = (given: Given): Until => {
  const [until, position] = [given.text('until'), given.text('position')];
  if (until !== undefined && position !== undefined) throw new WrongUsage('Name one moment: --until or --position.');
  if (position !== undefined) {
    if (/^\d{1,15}$/.test(position)) return { position: Number(position) };
    throw new WrongUsage('--position needs a position of the log: a whole number.');
  }
  if (until === undefined) return null;
  const at = /^\d{1,15}$/.test(until) ? Number(until) : Date.parse(until);
  if (Number.isNaN(at)) throw new WrongUsage('--until needs a time: 2026-11-20T10:04:05.123Z, or epoch milliseconds.');
  return { at };
};

const speedIn = (given: Given): number | null => {
  const text = given.text('speed');
  if (text === undefined) return null;
  const speed = /^(\d{1,6}(?:\.\d{1,3})?)x?$/.exec(text)?.[1];
  if (speed === undefined || Number(speed) === 0)
    throw new WrongUsage('--speed needs how many times as fast: 10x, or 0.5x.');
  return Number(speed);
};

/** Tells events with the pauses that were between them, each shortened by the speed. */
const teller = (host: Host, speed: number, asJson: boolean) => {
  const paint = painter(host);
  let before: number | null = null;
  let since = 0;
  return async (events: readonly ReadEvent[]): Promise<void> => {
    for (const event of events) {
      const entry = entryOf(event);
      if (before === null) since = entry.at;
      else {
        const wait = Math.min((entry.at - before) / speed, LONGEST_PAUSE_MS);
        if (wait >= 1) await pause(host.timers, wait);
      }
      before = entry.at;
      await write(host.stdout, `${asJson ? JSON.stringify(entry) : entryLine(entry, since, paint)}\n`);
    }
  };
};

const summed = (
  id: string,
  { position, at, events, unreadable, streams, counts, stateHash }: Replayed,
  missing: string | null,
) => {
  const lines = [
    `Replayed ${counted(events, 'event')} in ${counted(streams, 'stream')} of log ${id}, up to position ${position}` +
      `${at === null ? '' : `, recorded at ${timeOf(at)}`}.`,
    ...Object.entries(counts).map(([kind, count]) => `  ${shown(count).padStart(9)}  ${kind}`),
    `State hash ${stateHash}`,
  ];
  if (unreadable > 0) {
    lines.push(
      `${counted(unreadable, 'event')} could not be read${missing === null ? ': their keys were destroyed' : ` (${missing})`}. ` +
        'The hash is that of the rest.',
    );
  }
  return `${lines.join('\n')}\n`;
};
