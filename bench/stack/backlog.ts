import { systemClock } from '@signalbox/runtime';
import { median } from '../driver/statistics.ts';
import { progress } from '../driver/terminal.ts';
import { type CpuMicros, costOfEach, costsOf } from './costs.ts';
import type { Engines } from './engines.ts';
import { fill, openLogOf } from './filling.ts';
import { eventually, type Member, type Stack } from './roles.ts';

/** Events a second, medians over the rounds. */
export type Throughput = {
  readonly perSecond: number;
  readonly rounds: readonly number[];
  /** What each event has cost every role and server. */
  readonly cpuPerEvent: CpuMicros;
};

export type BacklogResult = {
  /** In each round. */
  readonly events: number;
  readonly relay: Throughput;
  readonly projectors: readonly (Throughput & { readonly projectors: number })[];
};

const WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 50;
const RELAYED = 'signalbox_relay_published_total';
const PROJECTED = 'signalbox_projected_total';

/** Stopped by the system: takes no part in anything until it is let go. */
const hold = (members: readonly Member[]) => members.map(({ pid }) => process.kill(pid, 'SIGSTOP'));
const letGo = (members: readonly Member[]) => members.map(({ pid }) => process.kill(pid, 'SIGCONT'));

const sumOf = async (members: readonly Member[], metric: string) =>
  (await Promise.all(members.map((member) => member.metric(metric)))).reduce((sum, one) => sum + one, 0);

type Drained = { readonly perSecond: number; readonly cpu: CpuMicros };

/** What it takes to tell a backlog's way through a stack. Its sessions must outlast being held. */
const drains = (stack: Stack, engines: Engines, events: number) => {
  /** Lets some processes go, and measures until a counter of theirs has grown by all events. */
  const drain = async (members: readonly Member[], metric: string, before: number): Promise<Drained> => {
    const { result: perSecond, cpu } = await costsOf(stack, engines, async () => {
      const startedAt = systemClock.monotonic();
      letGo(members);
      await eventually(`${metric} has grown by ${events}`, WITHIN_MS, LOOK_EVERY_MS, async () =>
        (await sumOf(members, metric)) >= before + events ? true : null,
      );
      return (1_000 * events) / (systemClock.monotonic() - startedAt);
    });
    return { perSecond, cpu };
  };

  /** First the relay carries a backlog, then the projectors show it; who is not measured is held. */
  return async (write: () => Promise<unknown>): Promise<{ readonly relayed: Drained; readonly shown: Drained }> => {
    const [relays, projectors] = [stack.of('relay'), stack.of('projector')];
    const before = { relayed: await sumOf(relays, RELAYED), shown: await sumOf(projectors, PROJECTED) };
    try {
      hold(relays);
      await write();
      hold(projectors);
      const relayed = await drain(relays, RELAYED, before.relayed);
      hold(relays);
      return { relayed, shown: await drain(projectors, PROJECTED, before.shown) };
    } finally {
      letGo([...relays, ...projectors]);
    }
  };
};

const throughputOf = (rounds: readonly Drained[], events: number): Throughput => ({
  perSecond: median(rounds.map(({ perSecond }) => perSecond)),
  rounds: rounds.map(({ perSecond }) => perSecond),
  cpuPerEvent: costOfEach(
    rounds.map(({ cpu }) => cpu),
    events * rounds.length,
  ),
});

/** How fast the relay carries a backlog, and how fast one projector and then two show it. */
export const measureBacklog = async (
  stack: Stack,
  engines: Engines,
  options: { readonly events: number; readonly rounds: number },
): Promise<BacklogResult> => {
  const { events } = options;
  const log = await openLogOf(engines, stack.namespace);
  const drainOne = drains(stack, engines, events);
  const relayed: Drained[] = [];
  try {
    const projectors: (Throughput & { readonly projectors: number })[] = [];
    for (const count of [1, 2]) {
      if (stack.of('projector').length < count) await stack.add('projector');
      const shown: Drained[] = [];
      // The first one is not counted: it is when code is compiled.
      for (let round = 0; round <= options.rounds; round++) {
        progress(`stack: a backlog for ${count} projector(s), round ${round} of ${options.rounds}`);
        const drained = await drainOne(() => fill(log, events));
        if (round === 0) continue;
        relayed.push(drained.relayed);
        shown.push(drained.shown);
      }
      projectors.push({ projectors: count, ...throughputOf(shown, events) });
    }
    return { events, relay: throughputOf(relayed, events), projectors };
  } finally {
    await log.close();
  }
};
