/** `npm run bench`: see options.ts for what it takes, docs/performance.md for what it has shown. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@signalbox/runtime';
import type { Results } from './aims.ts';
import { type Discovery, measureDiscovery } from './discover.ts';
import { CONNECTIONS, settings } from './driver/targets.ts';
import { progress, say } from './driver/terminal.ts';
import { thisCommit, thisMachine } from './machine.ts';
import { HELP, type Options, readOptions } from './options.ts';
import { measureAlone, type RowResult } from './rates.ts';
import { markdown, type Run } from './report.ts';
import { commandRows } from './rows/commands.ts';
import { handshakeRow } from './rows/handshake.ts';
import { discoverRows, pollRows } from './rows/queries.ts';
import { rpcRows } from './rows/rpc.ts';
import { measureScheduler } from './scheduler.ts';
import { measureStack } from './stack/measure.ts';
import { measureStartup } from './startup.ts';

const aloneRows = [...commandRows, ...pollRows, handshakeRow, ...rpcRows];

/** Runs a part; should it fail, the others are measured all the same. */
const attempt = async <T>(part: string, failures: string[], work: () => Promise<T>, otherwise: T): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    failures.push(`${part}: ${error instanceof Error ? error.message : String(error)}`);
    return otherwise;
  }
};

const measureAll = async (options: Options): Promise<Results> => {
  const wanted = (name: string) => options.only === null || name.includes(options.only);
  const failures: string[] = [];
  const rates: RowResult[] = [];
  for (const row of aloneRows.filter(({ name }) => wanted(name))) {
    rates.push(...(await attempt(row.name, failures, async () => [await measureAlone(row, options)], [])));
  }
  const discovery: Discovery = { rates: [], memory: [] };
  const discovers = wanted('memory') || discoverRows.some(({ name }) => wanted(name));
  const discover = () => measureDiscovery(options, ({ name }) => wanted(name));
  const { rates: discoverRates, memory } = discovers
    ? await attempt('discover', failures, discover, discovery)
    : discovery;
  return {
    rates: [...rates, ...discoverRates],
    memory,
    startup: wanted('startup') ? await attempt('startup', failures, measureStartup, []) : [],
    scheduler: wanted('scheduler') ? await attempt('scheduler', failures, measureScheduler, null) : null,
    stack: wanted('stack') ? await attempt('stack', failures, () => measureStack(options), null) : null,
    failures,
  };
};

const bench = async (options: Options): Promise<void> => {
  const startedAt = systemClock.monotonic();
  const [machine, commit] = [thisMachine(), thisCommit()];
  if (machine.loadBefore > machine.cores / 4)
    progress(`This machine is busy (load ${machine.loadBefore}): expect noise.\n`);
  const results = await measureAll(options);
  const run: Run = {
    ...results,
    at: new Date(systemClock.now()).toISOString(),
    commit,
    machine,
    settings: { connections: CONNECTIONS, seconds: options.seconds, rounds: options.rounds, ...settings },
    tookSeconds: (systemClock.monotonic() - startedAt) / 1_000,
  };
  say(markdown(run));
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const name = join(
    folder,
    `${run.at.slice(0, 10)}-${commit}${options.only === null ? '' : `-${options.only.replace(/\W+/g, '-')}`}`,
  );
  writeFileSync(`${name}.md`, markdown(run));
  writeFileSync(`${name}.json`, `${JSON.stringify(run, null, 2)}\n`);
  if (results.failures.length > 0) process.exitCode = 1;
  say(`Written to ${name}.md and .json`);
};

const options = readOptions(process.argv.slice(2));
if (options === 'help') say(HELP);
else if ('problem' in options) {
  process.stderr.write(`${options.problem} See --help.\n`);
  process.exitCode = 2;
} else await bench(options);
