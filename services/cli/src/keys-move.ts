import { createReadStream, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { KeysUnavailable } from '@signalbox/event-sourcing';
import { openSqliteKeyStore } from '@signalbox/log-sqlite';
import { exportedKeys, exportKeys, importKeys, type KeyRows, type KeyStore, KeysConflict } from '@signalbox/vault';
import { connectRedis, redisKeyStore } from '@signalbox/views-redis';
import type { Given, OptionKind } from './arguments.ts';
import type { Command } from './command.ts';
import { BadExport, Failure, WrongUsage } from './errors.ts';
import type { Host } from './host.ts';
import { readKeys } from './keys-format.ts';
import { isBrokenPipe, newFile, write } from './output.ts';
import { counted } from './progress.ts';
import { DEFAULT_URL, serverOf } from './server.ts';
import { settings } from './settings.ts';

const storeOptions = {
  'data-dir': { takes: 'DIR' },
  keys: { takes: 'URL' },
} as const satisfies Record<string, OptionKind>;

const storeHelp = `\
  --data-dir DIR   the directory of a standalone server, which must not be running (SIGNALBOX_DATA_DIR, else ./data)
  --keys URL       instead, the Redis of the keys of a stack: redis://user:password@host:6379/0. SIGNALBOX_KEYS_URL
                   stands in for it, and does not show in a list of processes; SIGNALBOX_NAMESPACE is that of the stack`;

const exportHelp = `signalbox keys export: writes the keys that seal the log as lines of JSON, wrapped as they are.

  signalbox keys export [--data-dir DIR | --keys URL | --server URL [--data-dir DIR]] [--out FILE]

${storeHelp}
  --server URL     instead, a running server, such as ${DEFAULT_URL}: asked with the admin key, the first of
                   SIGNALBOX_ADMIN_KEYS or of the file that SIGNALBOX_ADMIN_KEYS_FILE names; without them, that of the
                   data directory. The log takes it down (AdminActed)
  --out FILE       a new file, which appears when it is whole; without it, standard output

All that was acknowledged before the export began can be read with it. No key in it opens anything without the master
keys, which are not in it. But with them it opens all that the log held when it was made, also what has been erased
since: keep it no longer than you need it, and apart from both.

Examples:

  npm run --silent signalbox -- keys export --out keys.ndjson
  npm run --silent signalbox -- keys export --server ${DEFAULT_URL} --out keys.ndjson
  npm run --silent signalbox -- keys export | npm run --silent signalbox -- keys import --keys redis://127.0.0.1:6380

Ends with 0 when the export is whole; 1 when it failed; 2 when it was called wrongly.
`;

const importHelp = `signalbox keys import: puts exported keys into another key store.

  signalbox keys import [--in FILE] [--data-dir DIR | --keys URL]

  --in FILE        what “signalbox keys export” has written; without it, standard input
${storeHelp}

Import the keys before the log, and both before any server works on them: it would make other keys for the same time,
and the import would be refused. An import that was interrupted is run again as it was. The servers need the same master
keys as before. What was destroyed since the export comes back with it, until a server starts: that reads the whole
log, and destroys once more what it says was erased or is past its retention, before it serves.

Examples:

  npm run --silent signalbox -- keys import --in keys.ndjson --keys redis://127.0.0.1:6380
  npm run --silent signalbox -- keys import --in keys.ndjson --data-dir ./restored

Ends with 0 when all keys are there; 1 when it failed; 2 when it was called wrongly.
`;

export const keysExportCommand: Command = {
  name: 'keys export',
  summary: 'writes the keys of the log, wrapped, as lines of JSON',
  help: exportHelp,
  options: { ...storeOptions, server: { takes: 'URL' }, out: { takes: 'FILE' } },
  run: async (given, host) => {
    const out = given.text('out');
    if (out === undefined && host.isTerminal.stdout) {
      throw new WrongUsage('All keys would go to this terminal. Name a file, --out FILE, or write to a pipe.');
    }
    if (out !== undefined && existsSync(out)) throw new Failure(`${out} is there already, and is left alone.`);
    if (given.text('server') !== undefined) {
      if (given.text('keys') !== undefined) {
        throw new WrongUsage('--server and --keys are both given, and it is unclear which to use.');
      }
      await exportTo(out, await rowsOfServer(given, host), host);
      return;
    }
    await withStore(given, host, { mustBeThere: true }, async (store) => {
      if ((await store.epochs()).length === 0) {
        throw new Failure(
          'There are no keys in this key store. For those of a standalone server, name its directory, --data-dir DIR; for ' +
            'those of a stack, its Redis, --keys URL, and its SIGNALBOX_NAMESPACE.',
        );
      }
      await exportTo(out, exportKeys(store), host);
    });
  },
};

/** What a server sends is checked line by line: nothing is written under the file's name that is not whole. */
const rowsOfServer = async (given: Given, host: Host): Promise<AsyncIterable<KeyRows>> => {
  const { url, ask } = serverOf(given, host);
  const { body } = await ask('/v1/admin/keys/exports', { method: 'POST', accept: 'application/x-ndjson' });
  async function* rows() {
    try {
      yield* readKeys(body ?? Readable.from([]));
    } catch (cause) {
      if (cause instanceof BadExport) throw cause;
      throw new Failure(`${url} ended before all keys were sent. Export again.`, { cause });
    }
  }
  return rows();
};

const exportTo = async (out: string | undefined, rows: AsyncIterable<KeyRows>, host: Host): Promise<void> => {
  const target = out === undefined ? { stream: host.stdout, done: async () => {} } : newFile(out);
  const { lines, counts } = exportedKeys(rows);
  try {
    for await (const line of lines) await write(target.stream, line);
    await target.done();
    host.stderr(`Exported ${counted(counts.epochs, 'epoch')} with ${counted(counts.keys, 'key')}.\n`);
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
  }
};

export const keysImportCommand: Command = {
  name: 'keys import',
  summary: 'puts exported keys into another key store',
  help: importHelp,
  options: { ...storeOptions, in: { takes: 'FILE' } },
  run: async (given, host) => {
    const file = given.text('in');
    if (file === undefined && host.isTerminal.stdin) {
      throw new WrongUsage(
        'Nothing is piped in. Name a file, --in FILE, or: signalbox keys export | signalbox keys import',
      );
    }
    await withStore(given, host, { mustBeThere: false }, async (store) => {
      const rows = readKeys(file === undefined ? host.stdin() : createReadStream(file));
      const { epochs, keys } = await importKeys(store, rows);
      host.stderr(`Imported ${counted(epochs, 'epoch')} with ${counted(keys, 'key')}.\n`);
    });
  },
};

/** Throws `Failure`, in words for a person, when the store is away or holds other keys. */
const withStore = async (
  given: Given,
  host: Host,
  { mustBeThere }: { readonly mustBeThere: boolean },
  work: (store: KeyStore) => Promise<void>,
): Promise<void> => {
  try {
    const store = await openStore(given, host, mustBeThere);
    try {
      await store.check();
      await work(store);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof KeysUnavailable) {
      const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
      throw new Failure(error.message + cause, { cause: error });
    }
    if (error instanceof KeysConflict) throw new Failure(error.message, { cause: error });
    throw error;
  }
};

const openStore = async (given: Given, host: Host, mustBeThere: boolean): Promise<KeyStore> => {
  const [dataDir, url] = [given.text('data-dir'), given.text('keys')];
  if (dataDir !== undefined && url !== undefined) {
    throw new WrongUsage('--data-dir and --keys are both given, and it is unclear which to use.');
  }
  const config = settings(host, { SIGNALBOX_DATA_DIR: dataDir, SIGNALBOX_KEYS_URL: url }, []);
  const { keysUrl, namespace } = config.stack;
  if (dataDir === undefined && keysUrl !== null) {
    const instance = `signalbox-cli-${host.chance.uuid()}`;
    const redis = await connectRedis({ url: keysUrl, namespace, instance });
    return redisKeyStore({ redis, after: host.timers.after });
  }
  const directory = resolve(config.dataDir);
  const path = join(directory, 'keys.db');
  if (mustBeThere && !existsSync(path)) {
    throw new Failure(
      `There are no keys in ${directory}. Name the directory of the server, --data-dir DIR, or the Redis, --keys URL.`,
    );
  }
  return openSqliteKeyStore({ path });
};
