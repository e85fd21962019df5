import { Connections } from '../driver/load.ts';
import { median } from '../driver/statistics.ts';
import { progress } from '../driver/terminal.ts';
import { type Caller, issueCredential, prepare, tokenCaller } from '../rows/callers.ts';
import { sdp } from '../rows/payloads.ts';
import { inTurn, times } from '../rows/row.ts';
import { type CpuMicros, costOfEach, costsOf } from './costs.ts';
import type { Engines } from './engines.ts';
import { eventually, type Stack } from './roles.ts';

/** Publications with a bearer token, as fast as they are taken, over 64 connections in all; medians. */
export type CommandsResult = {
  readonly commands: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly rounds: readonly number[];
  readonly cpuPerCommand: CpuMicros;
};

const CONNECTIONS = 64;
const CALLERS = 64;
const ROUGHLY_PER_SECOND = 600;

type Round = { readonly perSecond: number; readonly p50: number; readonly p99: number; readonly cpu: CpuMicros };

const shown = async (stack: Stack): Promise<number> => {
  const all = await Promise.all(stack.of('projector').map((one) => one.metric('signalbox_projected_total')));
  return all.reduce((sum, one) => sum + one, 0);
};

/** What one command process takes, and what two of them take. */
export const measureCommands = async (
  stack: Stack,
  engines: Engines,
  options: { readonly seconds: number; readonly rounds: number },
): Promise<readonly CommandsResult[]> => {
  await stack.add('command');
  const origins = stack.of('command').map(({ origin }) => origin);
  const few = new Connections(inTurn(origins, 0), 8);
  const callers: readonly Caller[] = (
    await Promise.all(times(CALLERS, () => issueCredential(few, inTurn(origins, 0))))
  ).map(tokenCaller);
  await few.close();
  const requests = Math.round(ROUGHLY_PER_SECOND * options.seconds);

  const publish = async (processes: number): Promise<Round> => {
    const before = await shown(stack);
    const targets = origins.slice(0, processes).map((origin) => new Connections(origin, CONNECTIONS / processes));
    const each = Math.round(requests / processes);
    const { result, cpu } = await costsOf(stack, engines, () =>
      Promise.all(
        targets.map((target, at) => {
          const origin = inTurn(origins, at);
          const prepared = times(each, (index) => {
            const content = { tags: ['bench'], offers: [{ sdp: sdp() }] };
            return prepare(inTurn(callers, index), origin, 'POST', '/v1/sessions', content, 201);
          });
          return target.sendAll(prepared);
        }),
      ),
    );
    await Promise.all(targets.map((target) => target.close()));
    // What is still on its way to the read models would slow down the next round.
    const all = before + each * processes;
    await eventually('all is shown', 120_000, 50, async () => ((await shown(stack)) >= all ? true : null));
    return {
      perSecond: result.reduce((sum, { perSecond }) => sum + perSecond, 0),
      p50: Math.max(...result.map(({ p50 }) => p50)),
      p99: Math.max(...result.map(({ p99 }) => p99)),
      cpu,
    };
  };

  const counts = [1, 2];
  for (const processes of counts) {
    progress(`stack: commands/s, warming up ${processes}`);
    await publish(processes);
  }
  const rounds = new Map<number, Round[]>(counts.map((processes) => [processes, []]));
  for (let round = 1; round <= options.rounds; round++) {
    for (const processes of counts) {
      progress(`stack: commands/s with ${processes}, round ${round} of ${options.rounds}`);
      rounds.get(processes)?.push(await publish(processes));
    }
  }
  return [...rounds].map(([commands, done]) => ({
    commands,
    perSecond: median(done.map(({ perSecond }) => perSecond)),
    p50: median(done.map(({ p50 }) => p50)),
    p99: median(done.map(({ p99 }) => p99)),
    rounds: done.map(({ perSecond }) => perSecond),
    cpuPerCommand: costOfEach(
      done.map(({ cpu }) => cpu),
      requests * done.length,
    ),
  }));
};
