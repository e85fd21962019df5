import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RecordedEvent } from '@signalbox/event-sourcing';
import {
  type Difference,
  originOf,
  pagesOf,
  signerKey,
  type TileStore,
  type Verification,
  type VerifierKey,
  verifierKey,
  verifyLog,
} from '@signalbox/evidence';
import { openEventStoreLog } from '@signalbox/log-eventstoredb';
import { openSqliteLogForReading, sqliteTileStore } from '@signalbox/log-sqlite';
import { streamPrefix } from '@signalbox/stack/log';
import { z } from 'zod';
import type { Given } from './arguments.ts';
import type { Command } from './command.ts';
import { Failure, WrongUsage } from './errors.ts';
import type { Host } from './host.ts';
import { counted, createProgress, shown } from './progress.ts';
import { unverifiedExport } from './read-unverified.ts';
import { serverOf } from './server.ts';
import { settings } from './settings.ts';

const help = `signalbox verify: looks whether anything in the log was changed, and where.

  signalbox verify [--data-dir DIR | --export FILE | --eventstoredb URL] [--checkpoint FILE] [--key KEY] [--json]
                   [--progress] [--report [--server URL]]

  --data-dir DIR       the directory of a standalone server (SIGNALBOX_DATA_DIR, else ./data). It may be running:
                       nothing is written
  --export FILE        what “signalbox export” has written
  --eventstoredb URL   the log of the stack: esdb://user:password@host:2113?tls=true
  --checkpoint FILE    a checkpoint that was kept elsewhere, from GET /v1/audit/checkpoints/latest: shows whether the
                       end of the log is gone
  --key KEY            the public key of checkpoints, from GET /v1/audit/checkpoints; several are separated by commas.
                       Without it, the keys of the server are used: SIGNALBOX_CHECKPOINT_KEYS, or, of a server in
                       development, those in its data directory
  --report             tells the server what was found, with its admin key: the console and GET /v1/audit/health show it
  --server URL         with --report: where the server is; http://127.0.0.1:3000 unless given
  --json               the outcome as one line of JSON
  --progress           a line every few seconds, also where standard error is no terminal

Everything is made again from what is stored: the hash of each event and its link with the one before it, the order and
the times, the tree over the whole log and with it every checkpoint, and who signed it. No keys are needed: hashes are
over what is stored, sealed as it is. The first position that differs is named, and what differs there. What came after
the last checkpoint is held together by its links alone.

Examples:

  npm run --silent signalbox -- verify
  npm run --silent signalbox -- verify --data-dir /var/lib/signalbox --checkpoint kept.txt
  npm run --silent signalbox -- verify --export signalbox.ndjson --key 'signalbox/3f2a…+1a2b3c4d+AZ…'

Ends with 0 when the log is intact; 1 when it was changed, or could not be read; 2 when it was called wrongly.
`;

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'looks whether anything in the log was changed, and where',
  help,
  options: {
    'data-dir': { takes: 'DIR' },
    export: { takes: 'FILE' },
    eventstoredb: { takes: 'URL' },
    checkpoint: { takes: 'FILE' },
    key: { takes: 'KEY' },
    json: 'flag',
    progress: 'flag',
    report: 'flag',
    server: { takes: 'URL' },
  },
  run: async (given, host) => {
    const sources = ['data-dir', 'export', 'eventstoredb'].filter((option) => given.text(option) !== undefined);
    if (sources.length > 1) throw new WrongUsage(`Name one log: ${sources.map((one) => `--${one}`).join(' or ')}.`);
    const log = await openLog(given, host);
    const progress = createProgress('Verifying', { ...host, isPiped: false }, { asLines: given.flag('progress') });
    try {
      const outcome = await verifyLog(log.pages, {
        ...{ origin: originOf(log.id), keys: keysFor(log.id, given, host), checkpoints: checkpointsIn(given) },
        ...{ gapless: log.gapless, onProgress: (position) => progress.at(position, log.head) },
        ...(log.tiles && { expected: log.tiles }),
      });
      progress.end();
      const beside = outcome.intact ? log.besides(outcome) : null;
      const found = { log: log.id, ...outcome, intact: outcome.intact && beside === null, beside };
      if (given.flag('report')) await report(found, given, host);
      tell(found, given.flag('json'), host);
    } finally {
      progress.end();
      await log.close();
    }
  },
};

type Log = {
  readonly id: string;
  readonly head: number;
  readonly pages: AsyncIterable<readonly RecordedEvent[]>;
  readonly gapless: boolean;
  readonly tiles: TileStore | null;
  /** What is wrong beside the events; null when nothing is. */
  readonly besides: (outcome: Verification) => string | null;
  readonly close: () => Promise<void>;
};

const openLog = (given: Given, host: Host): Promise<Log> | Log => {
  const file = given.text('export');
  if (file !== undefined) return exported(file);
  return given.text('eventstoredb') === undefined ? standalone(given, host) : stack(given, host);
};

const standalone = async (given: Given, host: Host): Promise<Log> => {
  const directory = resolve(settings(host, { SIGNALBOX_DATA_DIR: given.text('data-dir') }, []).dataDir);
  const path = join(directory, 'signalbox.db');
  if (!existsSync(path)) {
    throw new Failure(`There is no log in ${directory}. Name the directory of the server: --data-dir DIR.`);
  }
  const tiles = sqliteTileStore({ path: join(directory, 'evidence.db'), readOnly: true });
  const log = openSqliteLogForReading({ path });
  return {
    ...{ id: log.id, head: await log.head(), pages: pagesOf(log), gapless: true, tiles },
    besides: () => {
      const [flaw] = log.flaws();
      if (!flaw) return null;
      return flaw.position === null ? flaw.what : `${flaw.what} (position ${flaw.position})`;
    },
    close: async () => {
      tiles?.close();
      await log.close();
    },
  };
};

const stack = async (given: Given, host: Host): Promise<Log> => {
  const config = settings(host, { SIGNALBOX_EVENTSTOREDB_URL: given.text('eventstoredb') }, ['eventstoredb']);
  const log = await openEventStoreLog({
    url: config.stack.eventStoreDbUrl ?? '',
    prefix: streamPrefix(config.stack.namespace),
    newLogId: () => {
      throw new Failure('There is no log in this EventStoreDB. Are its address and SIGNALBOX_NAMESPACE right?');
    },
    ...{ timers: host.timers, chance: host.chance },
  });
  return {
    ...{ id: log.id, head: await log.head(), pages: pagesOf(log), gapless: false, tiles: null },
    besides: () => null,
    close: log.close,
  };
};

const exported = async (file: string): Promise<Log> => {
  if (!existsSync(file)) throw new Failure(`There is no file ${file}.`);
  const { logId, head, pages, end } = await unverifiedExport(createReadStream(file));
  return {
    ...{ id: logId, head, pages, gapless: false, tiles: null },
    besides: ({ position }) => {
      if (position < head) return `the export ends at position ${position}, and the log ended at ${head}`;
      return end.seen ? null : 'the end of the export is missing';
    },
    close: async () => {},
  };
};

const keysFor = (logId: string, given: Given, host: Host): readonly VerifierKey[] => {
  const text = given.text('key');
  if (text !== undefined) {
    try {
      return text.split(',').map(verifierKey);
    } catch (error) {
      throw new WrongUsage(`--key: ${error instanceof Error ? error.message : error}`);
    }
  }
  const config = settings(host, { SIGNALBOX_DATA_DIR: given.text('data-dir') }, [], ['SIGNALBOX_CHECKPOINT_KEYS']);
  const made = join(config.dataDir, 'keys', 'checkpoint.key');
  const isStandalone = given.text('export') === undefined && given.text('eventstoredb') === undefined;
  const ofServer = isStandalone && existsSync(made) ? [readFileSync(made, 'utf8').trim()] : [];
  const seeds = config.secrets.checkpointKeys.length > 0 ? config.secrets.checkpointKeys : ofServer;
  return seeds.map((seed) => signerKey(originOf(logId), Buffer.from(seed, 'hex')));
};

const checkpointsIn = (given: Given): readonly string[] => {
  const file = given.text('checkpoint');
  if (file === undefined) return [];
  if (!existsSync(file)) throw new Failure(`There is no file ${file}.`);
  return [readFileSync(file, 'utf8')];
};

type Outcome = Verification & { readonly log: string; readonly beside: string | null };

/** The server takes it down as an event of its log. */
const report = async ({ intact, events, position, difference }: Outcome, given: Given, host: Host): Promise<void> => {
  await serverOf(given, host).json('/v1/admin/verifications', z.object({ verifiedAt: z.number() }), {
    method: 'POST',
    body: { size: events, position, intact, firstDifference: difference?.position ?? null },
  });
};

/** Throws a `Failure` for a log that was changed. */
const tell = (outcome: Outcome, asJson: boolean, { stdout }: Host): void => {
  if (asJson) stdout.write(`${JSON.stringify(outcome)}\n`);
  if (outcome.difference) throw new Failure(changed(outcome.difference, outcome));
  if (outcome.beside !== null) {
    throw new Failure(`The events are as they were, and what is stored beside them is not: ${outcome.beside}.`);
  }
  if (!asJson) stdout.write(intact(outcome));
};

const changed = ({ position, upTo, what, detail }: Difference, { log, covered }: Outcome): string => {
  const where = upTo === position ? `at position ${position}` : `between positions ${position} and ${upTo}`;
  const before = covered ? ` A signed checkpoint says that all is right up to position ${covered.position}.` : '';
  return `Changed: log ${log} differs first ${where} (${what}): ${detail}.${before}`;
};

const intact = ({ log, events, position, checkpoints, covered, uncovered, ...rest }: Outcome): string => {
  const lines = [`Intact: ${counted(events, 'event')} of log ${log}, up to position ${shown(position)}.`];
  if (covered) {
    const agree = checkpoints === 1 ? 'agrees' : 'agree';
    lines.push(
      `${counted(checkpoints, 'checkpoint')} ${agree}; the last covers all up to position ${covered.position}.`,
    );
  }
  if (uncovered > 0) {
    lines.push(
      `${counted(uncovered, 'event')} after the last checkpoint: held together by their links. That the last of them ` +
        'were taken away would only be shown by a newer checkpoint that was kept elsewhere (--checkpoint FILE).',
    );
  }
  if (rest.withoutHash > 0) lines.push(`${counted(rest.withoutHash, 'event')} from before hashes were kept.`);
  if (!rest.signaturesChecked) lines.push('Who signed the checkpoints was not checked: no key is known. See --key.');
  return `${lines.join('\n')}\n`;
};
