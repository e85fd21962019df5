import { setTimeout as sleep } from 'node:timers/promises';
import { progress } from '../driver/terminal.ts';
import { type BacklogResult, measureBacklog } from './backlog.ts';
import { type CommandsResult, measureCommands } from './commands.ts';
import { type CpuMicros, costOfEach, costsOf } from './costs.ts';
import { type EngineName, type Engines, startEngines } from './engines.ts';
import { type LagResult, measureLag, measureWaiting, type StagesResult, type WaitingResult } from './lag.ts';
import { measureRebuild, type RebuildResult } from './rebuild.ts';
import { ROLES, type Stack, startRoles } from './roles.ts';

/** A process that has nothing to do. */
export type IdleResult = {
  readonly name: string;
  /** Of a role, after a garbage collection; of a server, as it is. */
  readonly residentBytes: number;
  /** CPU milliseconds in each second. */
  readonly cpuMillis: number;
};

export type StackResult = {
  readonly engines: Readonly<Record<EngineName, string>>;
  readonly idle: readonly IdleResult[];
  readonly lag: readonly LagResult[];
  readonly stages: StagesResult;
  readonly waiting: readonly WaitingResult[];
  readonly commands: readonly CommandsResult[];
  readonly rebuild: RebuildResult;
  readonly backlog: BacklogResult;
};

const IDLE_SECONDS = 10;
/** In a log that is rebuilt from, and in a backlog, for each second that a round is to last. */
const EVENTS_PER_SECOND = 20_000 / 1.5;
/** Whoever is held for a while must not count as gone. */
const HELD_LONG = { SIGNALBOX_SESSION_TIMEOUT_MS: '120000' };

const ONE_OF_EACH = Object.fromEntries(ROLES.map((role) => [role, 1]));

const measureIdle = async (stack: Stack, engines: Engines): Promise<readonly IdleResult[]> => {
  progress('stack: idle');
  const resident = new Map<string, number>();
  for (const member of stack.members) resident.set(member.role, (await member.memory()).rss);
  for (const [name, { rss }] of Object.entries(engines.usage())) resident.set(name, rss);
  const { cpu } = await costsOf(stack, engines, () => sleep(1_000 * IDLE_SECONDS));
  const millis: CpuMicros = costOfEach([cpu], 1_000 * IDLE_SECONDS);
  return [...resident].map(([name, residentBytes]) => ({ name, residentBytes, cpuMillis: millis[name] ?? Number.NaN }));
};

/** The stack as processes of this machine, in front of real servers as far as there are any. */
export const measureStack = async (options: {
  readonly seconds: number;
  readonly rounds: number;
}): Promise<StackResult> => {
  const events = Math.round(EVENTS_PER_SECOND * options.seconds);
  const { rounds } = options;
  progress('stack: starting Kafka, Redis and the event store');
  const engines = await startEngines();
  const on = async <T>(counts: Parameters<typeof startRoles>[1], work: (stack: Stack) => Promise<T>): Promise<T> => {
    progress('stack: starting the roles');
    const stack = await startRoles(engines, counts, counts === ONE_OF_EACH ? {} : HELD_LONG);
    try {
      return await work(stack);
    } finally {
      await stack.stop();
    }
  };
  try {
    const steady = await on(ONE_OF_EACH, async (stack) => ({
      idle: await measureIdle(stack, engines),
      ...(await measureLag(stack, engines, options)),
      commands: await measureCommands(stack, engines, options),
      waiting: await measureWaiting(stack, options),
    }));
    const rebuild = await on({ projector: 1 }, (stack) => measureRebuild(stack, engines, { events, rounds }));
    const backlog = await on({ relay: 1, projector: 1 }, (stack) => measureBacklog(stack, engines, { events, rounds }));
    return { engines: engines.descriptions, ...steady, rebuild, backlog };
  } finally {
    await engines.stop();
  }
};
