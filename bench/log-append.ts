/**
 * How fast the log takes single events, durably, and what that costs the event loop; beside it, in the same run, the
 * bare minimum: the same bytes written to a file with one fdatasync for as many as are outstanding.
 *
 *   node bench/log-append.ts [appends per row, 40000 unless given]
 */
import { fdatasyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NewEvent, streamName } from '@signalbox/event-sourcing';
import { openSqliteLog, type SqliteLog } from '@signalbox/log-sqlite';
import { systemChance, systemClock } from '@signalbox/runtime';

const APPENDS = Number(process.argv[2] ?? 40_000);
const OUTSTANDING = [1, 16, 64, 256];
const ROUNDS = 3;
const DATA_BYTES = 1_500;

const hex = (bytes: number) => Buffer.from(systemChance.bytes(bytes)).toString('hex');
const payload = hex(DATA_BYTES / 2);

const anEvent = (): NewEvent => ({
  id: systemChance.orderedUuid(),
  type: 'OfferPublished',
  schemaVersion: 1,
  data: Buffer.from(payload),
  keyId: null,
  metadata,
  hash: null,
  previousHash: null,
});

const metadata: NewEvent['metadata'] = {
  actor: hex(32),
  correlationId: systemChance.orderedUuid(),
  causationId: systemChance.orderedUuid(),
  trace: `00-${hex(16)}-${hex(8)}-01`,
  authorisation: {
    scheme: 'http-signature',
    key: hex(32),
    algorithm: 'ed25519',
    nonce: systemChance.uuid(),
    timestamp: systemClock.now(),
    signature: Buffer.from(systemChance.bytes(64)).toString('base64'),
    signedTextHash: Buffer.from(systemChance.bytes(32)).toString('base64url'),
  },
};

type Row = { readonly perSecond: number; readonly p50: number; readonly p99: number; readonly cpu: number };

/** So many appends, each to a stream of its own, so many of them under way at a time. */
const measure = async (log: SqliteLog, count: number, outstanding: number): Promise<Row> => {
  const events = Array.from({ length: count }, anEvent);
  const streams = events.map((event) => streamName('session', event.id));
  const latencies = new Float64Array(count);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) {
      const [event, stream] = [events[index], streams[index]];
      if (!event || !stream) return;
      const start = systemClock.monotonic();
      await log.append(stream, [event], 'no_stream');
      latencies[index] = systemClock.monotonic() - start;
    }
  };
  const [start, cpu] = [systemClock.monotonic(), process.threadCpuUsage()];
  await Promise.all(Array.from({ length: outstanding }, worker));
  const [elapsed, used] = [systemClock.monotonic() - start, process.threadCpuUsage(cpu)];
  latencies.sort();
  return {
    perSecond: (count / elapsed) * 1_000,
    p50: latencies[Math.floor(count * 0.5)] ?? Number.NaN,
    p99: latencies[Math.floor(count * 0.99)] ?? Number.NaN,
    cpu: (used.user + used.system) / count,
  };
};

const bareMinimum = (path: string, count: number, together: number): number => {
  const file = openSync(path, 'a');
  const block = Buffer.from(payload.repeat(together));
  const start = systemClock.monotonic();
  for (let written = 0; written < count; written += together) {
    writeSync(file, block);
    fdatasyncSync(file);
  }
  return (count / (systemClock.monotonic() - start)) * 1_000;
};

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
const medianOf = (rows: readonly Row[], field: keyof Row): number => median(rows.map((row) => row[field]));

const directory = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
const path = join(directory, 'log.db');
const log = await openSqliteLog({ path, now: systemClock.now, newLogId: systemChance.uuid });
const stop = new AbortController();
const following = (async () => {
  let seen = 0;
  for await (const delivery of log.subscribeAll(0, { signal: stop.signal })) {
    if (delivery.kind === 'events') seen += delivery.events.length;
  }
  return seen;
})();

const say = (...cells: readonly string[]) =>
  process.stdout.write(`${cells.map((cell) => cell.padStart(14)).join('')}\n`);
say('outstanding', 'appends/s', 'p50 ms', 'p99 ms', 'loop us each', 'bare/s', 'ratio');
await measure(log, APPENDS / 10, 64);
for (const outstanding of OUTSTANDING) {
  const count = outstanding === 1 ? APPENDS / 10 : APPENDS;
  const rows: Row[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(bareMinimum(join(directory, 'bare'), count, outstanding));
    rows.push(await measure(log, count, outstanding));
  }
  const rate = medianOf(rows, 'perSecond');
  say(
    String(outstanding),
    rate.toFixed(0),
    medianOf(rows, 'p50').toFixed(2),
    medianOf(rows, 'p99').toFixed(2),
    medianOf(rows, 'cpu').toFixed(1),
    median(bare).toFixed(0),
    (rate / median(bare)).toFixed(2),
  );
}
stop.abort();
const events = await log.head();
await log.close();
const perEvent = statSync(path).size / events;
process.stdout.write(
  `${events} events, ${await following} of them seen by a subscriber; ${perEvent.toFixed(0)} bytes on disk for each, ` +
    `of which data ${DATA_BYTES} and envelope about ${JSON.stringify(metadata).length}\n`,
);
rmSync(directory, { recursive: true, force: true });
