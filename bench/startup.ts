import { statSync } from 'node:fs';
import { join } from 'node:path';
import { median } from './driver/statistics.ts';
import { newDataDirectory, startSignalbox } from './driver/targets.ts';
import { progress } from './driver/terminal.ts';
import { writeHistory } from './history.ts';

export type StartupResult = {
  /** Events in the log. */
  readonly events: number;
  readonly logBytes: number;
  /** Sessions that have not ended. */
  readonly alive: number;
  /** What the server read before it listened. */
  readonly eventsRead: number;
  /** From spawning the process to listening; the median. */
  readonly startMs: number;
  readonly starts: readonly number[];
};

const SIZES = [10_000, 100_000, 1_000_000];
const ALIVE = 1_000;
const STARTS = 3;

const eventsReadBy = (output: string): number => Number(/"resumedEvents":(\d+)/.exec(output)?.[1] ?? Number.NaN);

/** How long the server takes to start on logs of different lengths in which the same number of sessions is alive. */
export const measureStartup = async (): Promise<readonly StartupResult[]> => {
  const results: StartupResult[] = [];
  for (const events of SIZES) {
    const { path, remove } = newDataDirectory();
    try {
      const log = join(path, 'signalbox.db');
      progress(`start-up: writing a log of ${events.toLocaleString('en')} events`);
      await writeHistory(log, events, ALIVE);
      const starts: number[] = [];
      let eventsRead = 0;
      for (let start = 1; start <= STARTS; start++) {
        progress(`start-up: ${events.toLocaleString('en')} events, start ${start} of ${STARTS}`);
        const server = await startSignalbox(path, { SIGNALBOX_LOG_LEVEL: 'info' });
        starts.push(server.startMs);
        await server.stop();
        eventsRead = eventsReadBy(server.output());
      }
      results.push({ events, logBytes: statSync(log).size, alive: ALIVE, eventsRead, startMs: median(starts), starts });
    } finally {
      remove();
    }
  }
  return results;
};
