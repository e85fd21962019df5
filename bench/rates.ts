import type { Measured } from './driver/load.ts';
import { median } from './driver/statistics.ts';
import { startBare, startReal, type Target } from './driver/targets.ts';
import { progress } from './driver/terminal.ts';
import type { Rounds, Row } from './rows/row.ts';

/** A round, with the CPU time that the server took for one of its requests: all threads, and the event loop's alone. */
export type Round = Measured & { readonly cpuMicros: number; readonly loopMicros: number };

/** What a row came to on one server: medians over the rounds, in milliseconds and microseconds. */
export type Rate = {
  readonly target: string;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMicros: number;
  readonly loopMicros: number;
  readonly rounds: readonly Round[];
};

export type RowResult = {
  readonly name: string;
  readonly bare: Rate;
  /** `ratio` is the median of requests/s over those of the bare minimum in the round before. */
  readonly real: readonly (Rate & { readonly ratio: number })[];
};

export type RateOptions = {
  /** About how long one round lasts. */
  readonly seconds: number;
  readonly rounds: number;
};

/** Requests before anything is measured: until then code is compiled and caches are filled. */
const WARM_UP = 12_000;
const MIN_REQUESTS = 500;
const MAX_REQUESTS = 60_000;

const measure = async (target: Target, rounds: Rounds, count: number): Promise<Round> => {
  const run = await rounds(count);
  const before = await target.server.usage();
  const measured = await run();
  const after = await target.server.usage();
  return {
    ...measured,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / count,
    loopMicros: (after.loopMicros - before.loopMicros) / count,
  };
};

const summary = (target: string, rounds: readonly Round[]): Rate => {
  const middle = (of: (round: Round) => number) => median(rounds.map(of));
  return {
    target,
    perSecond: middle(({ perSecond }) => perSecond),
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    cpuMicros: middle(({ cpuMicros }) => cpuMicros),
    loopMicros: middle(({ loopMicros }) => loopMicros),
    rounds,
  };
};

/**
 * One row on the bare minimum and on real servers, round after round in turn, so that what else the machine does hits
 * all of them. Every round has the same number of requests: what the slowest server answers in the time of a round.
 */
export const measureRow = async (
  row: Row,
  bare: Target,
  real: readonly Target[],
  options: RateOptions,
): Promise<RowResult> => {
  const weight = row.weight ?? 1;
  const targets = [bare, ...real];
  const opened: { readonly target: Target; readonly rounds: Rounds; readonly done: Round[] }[] = [];
  let slowest = Number.POSITIVE_INFINITY;
  for (const target of targets) {
    progress(`${row.name}: warming up ${target.name}`);
    const rounds = await row.open(target);
    await (await rounds(Math.round(WARM_UP / weight / 3)))();
    const { perSecond } = await (await rounds(Math.round(WARM_UP / weight)))();
    slowest = Math.min(slowest, perSecond);
    opened.push({ target, rounds, done: [] });
  }
  const wanted = Math.round(slowest * options.seconds);
  const count = Math.max(Math.round(MIN_REQUESTS / weight), Math.min(wanted, Math.round(MAX_REQUESTS / weight)));
  for (let round = 1; round <= options.rounds; round++) {
    for (const { target, rounds, done } of opened) {
      progress(`${row.name}: round ${round} of ${options.rounds}, ${target.name}`);
      done.push(await measure(target, rounds, count));
    }
  }
  const [floor, ...others] = opened;
  const ratioOf = (done: readonly Round[]) =>
    median(done.map(({ perSecond }, index) => perSecond / (floor?.done[index]?.perSecond ?? Number.NaN)));
  return {
    name: row.name,
    bare: summary(bare.name, floor?.done ?? []),
    real: others.map(({ target, done }) => ({ ...summary(target.name, done), ratio: ratioOf(done) })),
  };
};

/** A row on servers that were started for it, so that what rows before it have left behind costs it nothing. */
export const measureAlone = async (row: Row, options: RateOptions): Promise<RowResult> => {
  progress(`${row.name}: starting servers`);
  const [bare, real] = await Promise.all([startBare(), startReal('signalbox')]);
  try {
    return await measureRow(row, bare, [real], options);
  } finally {
    await Promise.all([bare.stop(), real.stop()]);
  }
};
