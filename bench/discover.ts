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

export type Discovery = { readonly rates: readonly RowResult[]; readonly memory: readonly MemoryResult[] };

/** So few that what a server allocates anyway would count as theirs. */
const FEW = 100;
const SIZES = [FEW, 10_000, 100_000];

const fill = async (target: Target, offers: number): Promise<MemoryResult> => {
  progress(`publishing ${offers} offers`);
  const callers = await withTokens(target);
  const few = new Connections(target.origin, 8);
  const before = await target.server.memory();
  await publishMany({ ...target, connections: few }, callers, offers, { tags: [CROWDED_TAG, 'room-1'] });
  await few.close();
  const after = await target.server.memory();
  const perSession = (of: (memory: Memory) => number) => (of(after) - of(before)) / offers;
  return {
    sessions: offers,
    payloadBytes: SDP_BYTES,
    heapBytes: perSession(({ heapUsed, external }) => heapUsed + external),
    residentBytes: perSession(({ rss }) => rss),
  };
};

/** Discovery with few and with many open offers in one tag, each on a server of its own, and what these offers hold. */
export const measureDiscovery = async (options: RateOptions, wanted: (row: Row) => boolean): Promise<Discovery> => {
  const bare = await startBare();
  const started: Target[] = [bare];
  try {
    const memory: MemoryResult[] = [];
    for (const size of SIZES) {
      const target = await startReal(`signalbox, ${size.toLocaleString('en')} open`);
      started.push(target);
      memory.push(await fill(target, size));
    }
    const rates: RowResult[] = [];
    for (const row of discoverRows.filter(wanted)) rates.push(await measureRow(row, bare, started.slice(1), options));
    return { rates, memory: memory.filter(({ sessions }) => sessions > FEW) };
  } finally {
    await Promise.all(started.map((target) => target.stop()));
  }
};
