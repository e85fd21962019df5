import { Connections } from './driver/load.ts';
import type { Memory } from './driver/server-process.ts';
import { startBare, startReal, type Target } from './driver/targets.ts';
import { progress } from './driver/terminal.ts';
import { measureRow, type RateOptions, type RowResult } from './rates.ts';
import { withTokens } from './rows/commands.ts';
import { publishMany } from './rows/offers.ts';
import { SDP_BYTES } from './rows/payloads.ts';
import { CROWDED_TAG, discoverRows } from './rows/queries.ts';
import type { Row } from './rows/row.ts';

/** What open sessions cost, in bytes for each: against the SDP that each holds. */
export type MemoryResult = {
  readonly sessions: number;
  readonly payloadBytes: number;
  /** The main thread's heap and what hangs on it. */
  readonly heapBytes: number;
  /** Of the whole process: with the log's caches and threads, and what the heap has not given back. */
  readonly residentBytes: number;
};

const SIZES = [100, 10_000, 100_000];

const fill = async (offers: number): Promise<{ readonly target: Target; readonly memory: MemoryResult }> => {
  progress(`publishing ${offers} offers`);
  const target = await startReal(`signalbox, ${offers.toLocaleString('en')} open`);
  const callers = await withTokens(target);
  const few = new Connections(target.origin, 8);
  const before = await target.server.memory();
  await publishMany({ ...target, connections: few }, callers, offers, { tags: [CROWDED_TAG, 'room-1'] });
  await few.close();
  const after = await target.server.memory();
  const perSession = (of: (memory: Memory) => number) => (of(after) - of(before)) / offers;
  const memory = {
    sessions: offers,
    payloadBytes: SDP_BYTES,
    heapBytes: perSession(({ heapUsed, external }) => heapUsed + external),
    residentBytes: perSession(({ rss }) => rss),
  };
  return { target, memory };
};

/** Discovery with few and with many open offers in one tag, each on a server of its own, and what these offers hold. */
export const measureDiscovery = async (
  options: RateOptions,
  wanted: (row: Row) => boolean,
): Promise<{ readonly rates: readonly RowResult[]; readonly memory: readonly MemoryResult[] }> => {
  const bare = await startBare();
  const filled = [];
  for (const size of SIZES) filled.push(await fill(size));
  const rates: RowResult[] = [];
  for (const row of discoverRows.filter(wanted)) {
    rates.push(
      await measureRow(
        row,
        bare,
        filled.map(({ target }) => target),
        options,
      ),
    );
  }
  await Promise.all([bare, ...filled.map(({ target }) => target)].map((target) => target.stop()));
  return { rates, memory: filled.map(({ memory }) => memory).filter(({ sessions }) => sessions > 100) };
};
