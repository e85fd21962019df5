import { systemChance, systemClock } from '@signalbox/runtime';
import { connectRedis, redisRebuildRequests } from '@signalbox/views-redis';
import { median } from '../driver/statistics.ts';
import { progress } from '../driver/terminal.ts';
import { type CpuMicros, costOfEach, costsOf } from './costs.ts';
import type { Engines } from './engines.ts';
import { EVENTS_OF_A_SESSION, fill, openLogOf } from './filling.ts';
import { eventually, type Stack } from './roles.ts';

/** Events a second, medians. */
export type RebuildResult = {
  readonly events: number;
  readonly appendsPerSecond: number;
  readonly perSecond: number;
  /** Reading the log by the adapter alone, page by page. */
  readonly readPerSecond: number;
  /** Of the medians. */
  readonly ratio: number;
  readonly rounds: readonly { readonly perSecond: number; readonly readPerSecond: number }[];
  readonly cpuPerEvent: CpuMicros;
  /** In Redis, for an answered session with the candidates of both: its rows in all views, and its feed items. */
  readonly redisBytesPerSession: number;
};

const WITHIN_MS = 300_000;
/** As the projector reads. */
const PAGE = 1_000;

const readWhole = async (log: Awaited<ReturnType<typeof openLogOf>>): Promise<number> => {
  const startedAt = systemClock.monotonic();
  let events = 0;
  for (let page = await log.readAll(0, PAGE); page.length > 0; page = await log.readAll(page.at(-1)!.position, PAGE)) {
    events += page.length;
  }
  return (1_000 * events) / (systemClock.monotonic() - startedAt);
};

/** Has a projector build the read models anew, again and again, from a log of so many events. */
export const measureRebuild = async (
  stack: Stack,
  engines: Engines,
  options: { readonly events: number; readonly rounds: number },
): Promise<RebuildResult> => {
  const { namespace } = stack;
  const log = await openLogOf(engines, namespace);
  const redis = await connectRedis({ url: engines.redisUrl, namespace, instance: `bench-${systemChance.uuid()}` });
  const requests = redisRebuildRequests(redis);
  const usedMemory = async () => Number(/used_memory:(\d+)/.exec(String(await redis.send('INFO', 'memory')))?.[1]);

  const state = (wanted: string) =>
    eventually(`a rebuild is ${wanted}`, WITHIN_MS, 20, async () => {
      const report = await requests.latest();
      if (report?.state === 'failed') throw new Error('The rebuild failed.');
      return report?.state === wanted || report?.state === 'done' ? report : null;
    });

  const rebuild = async (): Promise<number> => {
    await requests.ask();
    await state('running');
    const startedAt = systemClock.monotonic();
    const { events } = await state('done');
    return (1_000 * events) / (systemClock.monotonic() - startedAt);
  };

  try {
    const before = await usedMemory();
    progress(`stack: writing a log of ${options.events.toLocaleString('en')} events`);
    const appendsPerSecond = await fill(log, options.events);
    progress('stack: rebuilding, warming up');
    await rebuild();
    const redisBytesPerSession = ((await usedMemory()) - before) / (options.events / EVENTS_OF_A_SESSION);
    const rounds: { perSecond: number; readPerSecond: number }[] = [];
    const cpu: CpuMicros[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      progress(`stack: rebuilding, round ${round} of ${options.rounds}`);
      const readPerSecond = await readWhole(log);
      const rebuilt = await costsOf(stack, engines, rebuild);
      rounds.push({ perSecond: rebuilt.result, readPerSecond });
      cpu.push(rebuilt.cpu);
    }
    const perSecond = median(rounds.map((round) => round.perSecond));
    const readPerSecond = median(rounds.map((round) => round.readPerSecond));
    return {
      ...{ events: options.events, appendsPerSecond, perSecond, readPerSecond, rounds, redisBytesPerSession },
      ratio: perSecond / readPerSecond,
      cpuPerEvent: costOfEach(cpu, options.events * options.rounds),
    };
  } finally {
    await redis.close();
    await log.close();
  }
};
