import { setTimeout as sleep } from 'node:timers/promises';
import { progress } from '../driver/terminal.ts';
import { type BareRound, openBare } from './bare.ts';
import { type CpuMicros, costOfEach, costsOf } from './costs.ts';
import type { Engines } from './engines.ts';
import { type LoadRound, openLoad } from './load.ts';
import type { Stack } from './roles.ts';
import { type Spread, spreadOf } from './spread.ts';
import { type Stages, watchStages } from './stages.ts';

/** Milliseconds, over all rounds together; `rounds` has the medians of each. */
export type LagResult = {
  readonly wanted: number;
  /** Commands/s that were answered. */
  readonly perSecond: number;
  readonly answered: Spread;
  readonly feed: Spread;
  readonly token: Spread;
  /** The query with the same token once more, which waits for nothing. */
  readonly again: Spread;
  readonly bareAppend: Spread;
  readonly bare: Spread;
  /** Of the medians, from an answered command to a long-poll. */
  readonly ratio: number;
  readonly rounds: readonly { readonly feed: number; readonly token: number; readonly bare: number }[];
  /** What one command, with the reading that went with it, has cost each. */
  readonly cpuPerCommand: CpuMicros;
};

export type StagesResult = {
  readonly perSecond: number;
  readonly stages: Readonly<Record<keyof Stages, Spread>>;
  /** What the projector says of itself: from the recording until all read models show it, on average. */
  readonly projectorMs: number;
};

const RATES = [50, 100, 200];
const STAGES_RATE = 50;
/** A round of lag has fewer samples in a second than one of rates. */
const LONGER = 8;

const flat = <T>(rounds: readonly T[], of: (round: T) => readonly number[]): Spread => spreadOf(rounds.flatMap(of));

/** Steady load against the stack and against the bare minimum, in turn. */
export const measureLag = async (
  stack: Stack,
  engines: Engines,
  options: { readonly seconds: number; readonly rounds: number },
): Promise<{ readonly lag: readonly LagResult[]; readonly stages: StagesResult }> => {
  const seconds = options.seconds * LONGER;
  const load = await openLoad(stack);
  const bare = await openBare(engines);
  try {
    progress('stack: warming up');
    for (const rate of RATES) await load.run(rate, seconds / 2);
    await bare.run(STAGES_RATE, seconds / 2);
    const lag: LagResult[] = [];
    for (const wanted of RATES) {
      const done: { stack: LoadRound; bare: BareRound; cpu: CpuMicros }[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        progress(`stack: lag at ${wanted} commands/s, round ${round} of ${options.rounds}`);
        const least = await bare.run(wanted, seconds);
        const { result, cpu } = await costsOf(stack, engines, () => load.run(wanted, seconds));
        done.push({ stack: result, bare: least, cpu });
        await sleep(500);
      }
      lag.push(lagOf(wanted, done));
    }
    progress('stack: where the lag goes');
    return { lag, stages: await stagesOf(stack, engines, load, seconds * options.rounds) };
  } finally {
    await Promise.all([load.close(), bare.close()]);
  }
};

/** How long a command takes that waits to be shown before it is answered, as it does unless told otherwise. */
export type WaitingResult = { readonly wanted: number; readonly perSecond: number; readonly answered: Spread };

export const measureWaiting = async (
  stack: Stack,
  options: { readonly seconds: number },
): Promise<readonly WaitingResult[]> => {
  const waits = await stack.add('command', { SIGNALBOX_SHOWN_WITHIN_MS: '250' });
  const load = await openLoad(stack, [waits]);
  try {
    const results: WaitingResult[] = [];
    await load.run(STAGES_RATE, options.seconds);
    for (const wanted of RATES) {
      progress(`stack: commands that wait to be shown, ${wanted}/s`);
      const { perSecond, answered } = await load.run(wanted, options.seconds * LONGER);
      results.push({ wanted, perSecond, answered: spreadOf(answered) });
    }
    return results;
  } finally {
    await load.close();
  }
};

const lagOf = (
  wanted: number,
  done: readonly { readonly stack: LoadRound; readonly bare: BareRound; readonly cpu: CpuMicros }[],
): LagResult => {
  const rounds = done.map((one) => one.stack);
  const bares = done.map((one) => one.bare);
  const commands = rounds.reduce((sum, round) => sum + round.commands, 0);
  const [feed, bare] = [flat(rounds, (round) => round.feed), flat(bares, (round) => round.lags)];
  return {
    ...{ wanted, feed, bare },
    perSecond: rounds.reduce((sum, { perSecond }) => sum + perSecond, 0) / rounds.length,
    answered: flat(rounds, (round) => round.answered),
    token: flat(rounds, (round) => round.token),
    again: flat(rounds, (round) => round.again),
    bareAppend: flat(bares, (round) => round.appends),
    ratio: feed.p50 / bare.p50,
    rounds: done.map((one) => ({
      feed: spreadOf(one.stack.feed).p50,
      token: spreadOf(one.stack.token).p50,
      bare: spreadOf(one.bare.lags).p50,
    })),
    cpuPerCommand: costOfEach(
      done.map((one) => one.cpu),
      commands,
    ),
  };
};

const stagesOf = async (
  stack: Stack,
  engines: Engines,
  load: Awaited<ReturnType<typeof openLoad>>,
  seconds: number,
): Promise<StagesResult> => {
  const watch = await watchStages(engines, stack.namespace, load.offerers);
  const delays = async (part: 'sum' | 'count') => {
    const of = stack.of('projector').map((one) => one.metric(`signalbox_projection_delay_seconds_${part}`));
    return (await Promise.all(of)).reduce((sum, one) => sum + one, 0);
  };
  try {
    const before = { sum: await delays('sum'), count: await delays('count') };
    const round = await load.run(STAGES_RATE, seconds);
    const after = { sum: await delays('sum'), count: await delays('count') };
    const { relay, bus, feed, reader, all } = watch.stagesOf(round);
    return {
      perSecond: round.perSecond,
      stages: {
        relay: spreadOf(relay),
        bus: spreadOf(bus),
        feed: spreadOf(feed),
        reader: spreadOf(reader),
        all: spreadOf(all),
      },
      projectorMs: (1_000 * (after.sum - before.sum)) / (after.count - before.count),
    };
  } finally {
    await watch.close();
  }
};
