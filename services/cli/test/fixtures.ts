import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { EventLog, NewEvent, RecordedEvent, StreamName } from '@signalbox/event-sourcing';
import { streamName } from '@signalbox/event-sourcing';
import { openEventStoreLog } from '@signalbox/log-eventstoredb';
import { openSqliteLog, type SqliteLog } from '@signalbox/log-sqlite';
import { systemChance, systemClock, systemTimers } from '@signalbox/runtime';
import { type EventStoreDbServer, startEventStoreDbServer } from '@signalbox/testing/eventstoredb-server';
import { onTestFinished } from 'vitest';
import { run } from '../src/cli.ts';
import type { Host } from '../src/host.ts';

/** A test double of EventStoreDB of the test's own. */
export const aServer = async (): Promise<EventStoreDbServer> => {
  const server = await startEventStoreDbServer({ now: systemClock.now });
  onTestFinished(() => server.close());
  return server;
};

export const aDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-cli-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** The log of a standalone server in this directory. Times go up by a second with each append. */
export const openSource = (dataDir: string): Promise<SqliteLog> => {
  let at = 1_760_000_000_000;
  return openSqliteLog({
    path: join(dataDir, 'signalbox.db'),
    now: () => {
      at += 1_000;
      return at;
    },
    newLogId: () => 'log-of-the-test',
  });
};

let made = 0;

export const anEvent = (over: Partial<NewEvent> = {}): NewEvent => ({
  id: `00000000-0000-7000-8000-${(++made).toString(16).padStart(12, '0')}`,
  type: 'ThingHappened',
  schemaVersion: 1,
  data: new TextEncoder().encode(`{"secret":"payload ${made}"}`),
  keyId: null,
  metadata: {
    ...{ actor: 'someone', correlationId: 'request 1', causationId: 'request 1', trace: null, authorisation: null },
  },
  ...{ hash: null, previousHash: null },
  ...over,
});

export const aStream = (): StreamName => streamName('session', `s${++made}`);

const signed = anEvent({
  schemaVersion: 3,
  keyId: 'key-1',
  data: Uint8Array.from({ length: 256 }, (_, byte) => byte),
  metadata: {
    ...{ actor: 'ann “the\n first”', correlationId: 'c', causationId: 'd', trace: '00-abc-def-01' },
    authorisation: {
      ...{ scheme: 'http-signature', key: 'ann', algorithm: 'ed25519', nonce: 'n', timestamp: 1_760_000_000_123 },
      ...{ signature: 'c2ln', signedTextHash: 'aGFzaA' },
    },
  },
});

const internal = () =>
  anEvent({
    data: new Uint8Array(),
    metadata: {
      ...{ actor: 'system:scheduler', correlationId: 'c', causationId: 'd', trace: null },
      authorisation: {
        ...{ scheme: 'internal', key: null, algorithm: null, nonce: null, timestamp: null, signature: null },
        signedTextHash: null,
      },
    },
  });

/** A log of `count` events, at least three: streams that grow in turn, appends of one event and of several. */
const fill = async (log: SqliteLog, count: number): Promise<void> => {
  const streams = ['session', 'credential', 'operations'].flatMap((category) =>
    [1, 2, 3].map((number) => streamName(category, `${category}-${number}`)),
  );
  await log.append(aStream(), [anEvent(), { ...signed, id: anEvent().id }, internal()], 'no_stream');
  const appends: Promise<unknown>[] = [];
  let events = 3;
  for (let turn = 0; events < count; turn++) {
    const stream = streams[(turn * 7) % streams.length] ?? aStream();
    const some = Array.from({ length: Math.min(1 + (turn % 4), count - events) }, () => anEvent());
    appends.push(log.append(stream, some, 'any'));
    events += some.length;
  }
  await Promise.all(appends);
};

export const everything = async (log: Pick<EventLog, 'readAll'>): Promise<readonly RecordedEvent[]> => {
  const all: RecordedEvent[] = [];
  for (let after = 0; ; after = all.at(-1)?.position ?? 0) {
    const page = await log.readAll(after, 1_000);
    if (page.length === 0) return all;
    all.push(...page);
  }
};

/** As vitest compares them: bytes are bytes, whatever kind of array holds them. */
export const plain = (events: readonly RecordedEvent[]) =>
  events.map((event) => ({
    ...event,
    data: Buffer.from(event.data).toString('hex'),
    hash: event.hash && Buffer.from(event.hash).toString('hex'),
    previousHash: event.previousHash && Buffer.from(event.previousHash).toString('hex'),
  }));

/** What a target holds, as services would find it. */
export const openTarget = ({ url }: { readonly url: string }) =>
  openEventStoreLog({ url, newLogId: () => 'another log', timers: systemTimers, chance: systemChance });

export const readTarget = async (server: { readonly url: string }) => {
  const log = await openTarget(server);
  try {
    return { id: log.id, head: await log.head(), events: plain(await everything(log)) };
  } finally {
    await log.close();
  }
};

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** `signalbox` with these arguments, in this process. */
export const signalbox = async (
  args: readonly string[],
  given: Partial<Omit<Host, 'stdin'>> & { readonly input?: string | Readable } = {},
): Promise<Ran> => {
  const { input = '', ...host } = given;
  const out: Buffer[] = [];
  let stderr = '';
  const code = await run({
    ...{ env: {}, args, version: '1.2.3', columns: 80, isPiped: false },
    isTerminal: { stdin: false, stdout: false, stderr: false },
    ...{ clock: systemClock, timers: systemTimers, chance: systemChance },
    stdin: () => (typeof input === 'string' ? Readable.from([Buffer.from(input)]) : input),
    stdout: new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        out.push(chunk);
        done();
      },
    }),
    stderr: (text) => {
      stderr += text;
    },
    ...host,
  });
  return { code, stdout: Buffer.concat(out).toString(), stderr };
};

/** The export of a log that was made for the test, and what it was made of. */
export const anExport = async (count: number) => {
  const dataDir = aDirectory();
  const log = await openSource(dataDir);
  await fill(log, count);
  const events = plain(await everything(log));
  await log.close();
  const { code, stdout, stderr } = await signalbox(['export', '--data-dir', dataDir]);
  if (code !== 0) throw new Error(stderr);
  return { dataDir, events, text: stdout, head: events.at(-1)?.position ?? 0 };
};

/** An export of these lines with right sums. */
export const summed = (lines: readonly object[]): string => {
  const count = lines.length - 1;
  const hash = createHash('sha256');
  let text = '';
  const add = (line: object) => {
    const written = `${JSON.stringify(line)}\n`;
    hash.update(written);
    text += written;
  };
  for (const line of lines) add(line);
  add({ kind: 'check', count, sha256: hash.copy().digest('hex') });
  add({ kind: 'end', count, sha256: hash.copy().digest('hex') });
  return text;
};
