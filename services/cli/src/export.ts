import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openSqliteLog } from '@signalbox/log-sqlite';
import type { Command } from './command.ts';
import { Failure, WrongUsage } from './errors.ts';
import { sessionIn } from './export-session.ts';
import type { Host } from './host.ts';
import { isBrokenPipe, newFile, write } from './output.ts';
import { counted, createProgress } from './progress.ts';
import { settings } from './settings.ts';
import { exportedLog, exportedSession } from './write-export.ts';

const help = `signalbox export: writes the log of a standalone server as lines of JSON.

  signalbox export [--data-dir DIR] [--session ID] [--out FILE] [--progress]

  --data-dir DIR   the directory of the server (SIGNALBOX_DATA_DIR, else ./data). The server must not be running:
                   what it acknowledged after the export would be missing from it
  --session ID     only what this session left in the log: its events, and what was seen around it. The server may be
                   running. It is no log, and cannot be imported
  --out FILE       a new file, which appears when it is whole; without it, standard output
  --progress       a line every few seconds, also where standard error is no terminal

Everything is kept: ids, order, positions, times, metadata, hashes, and the bytes as they are. An export holds what the
log holds, descriptions of connections among it: guard it like the log. Secrets of credentials stay sealed by the master
keys, which are not in it. Answers to idempotency keys and used nonces are not in it either.

Examples:

  npm run --silent signalbox -- export --out signalbox.ndjson
  npm run --silent signalbox -- export --session 8d1f0c9e-… --out call.ndjson
  npm run --silent signalbox -- export | gzip > signalbox.ndjson.gz
  npm run --silent signalbox -- export | npm run --silent signalbox -- import

Ends with 0 when the export is whole, or when whoever reads it wants no more; 1 when it failed; 2 when it was called
wrongly.
`;

export const exportCommand: Command = {
  name: 'export',
  summary: 'writes the log of a standalone server as lines of JSON',
  help,
  options: { 'data-dir': { takes: 'DIR' }, session: { takes: 'ID' }, out: { takes: 'FILE' }, progress: 'flag' },
  run: async (given, host) => {
    const { dataDir } = settings(host, { SIGNALBOX_DATA_DIR: given.text('data-dir') }, []);
    const out = given.text('out');
    const sessionId = given.text('session');
    if (sessionId === undefined && out === undefined && host.isTerminal.stdout) {
      throw new WrongUsage('The whole log would go to this terminal. Name a file, --out FILE, or write to a pipe.');
    }
    if (out !== undefined && existsSync(out)) throw new Failure(`${out} is there already, and is left alone.`);
    if (sessionId !== undefined) return exportSession(resolve(dataDir), sessionId, out, host);
    const log = await openLog(resolve(dataDir), host);
    try {
      const progress = createProgress('Exporting', out === undefined ? host : { ...host, isPiped: false }, {
        asLines: given.flag('progress'),
      });
      const target = targetOf(out, host);
      try {
        const head = await log.head();
        let [count, position] = [0, 0];
        for await (const piece of exportedLog({ id: log.id, head, subscribeAll: log.subscribeAll })) {
          await write(target.stream, piece.text);
          ({ count, position } = piece);
          progress.at(position, head);
        }
        await target.done();
        progress.end();
        host.stderr(`Exported ${counted(count, 'event')} of log ${log.id}, up to position ${position}.\n`);
      } catch (error) {
        progress.end();
        if (!isBrokenPipe(error)) throw error;
      }
    } finally {
      await log.close();
    }
  },
};

const targetOf = (out: string | undefined, { stdout }: Host) =>
  out === undefined ? { stream: stdout, done: async () => {} } : newFile(out);

const exportSession = async (directory: string, sessionId: string, out: string | undefined, host: Host) => {
  const { logId, events } = await sessionIn(directory, sessionId);
  const target = targetOf(out, host);
  try {
    for await (const { text } of exportedSession(logId, sessionId, events)) await write(target.stream, text);
    await target.done();
    host.stderr(`Exported ${counted(events.length, 'event')} of session ${sessionId}, of log ${logId}.\n`);
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
  }
};

const openLog = async (directory: string, { clock, chance }: Host) => {
  const path = join(directory, 'signalbox.db');
  if (!existsSync(path)) {
    throw new Failure(`There is no log in ${directory}. Name the directory of the server: --data-dir DIR.`);
  }
  try {
    return await openSqliteLog({ path, now: clock.now, newLogId: chance.uuid });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'LOG_IN_USE')) throw error;
    throw new Failure(
      `The server of ${directory} is running. Stop it first: what it acknowledged after the export would be missing ` +
        'from it.',
      { cause: error },
    );
  }
};
