import { usageOf } from '../driver/listeners.ts';
import type { Engines } from './engines.ts';
import type { Stack } from './roles.ts';

/** What each role and each server has used, by name, in CPU microseconds. Of a role, all of its processes together. */
export type CpuMicros = Readonly<Record<string, number>>;

/** By the accounts of the system, which also tell of a process that is being held. */
const cpuSoFar = (stack: Stack, engines: Engines): CpuMicros => {
  const ofServers = Object.entries(engines.usage()).map(([name, { cpuMicros }]) => ({ [name]: cpuMicros }));
  return addUp([...ofServers, ...stack.members.map(({ role, pid }) => ({ [role]: usageOf(pid).cpuMicros }))]);
};

/** What `work` has cost everyone. */
export const costsOf = async <T>(
  stack: Stack,
  engines: Engines,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly cpu: CpuMicros }> => {
  const before = cpuSoFar(stack, engines);
  const result = await work();
  const after = cpuSoFar(stack, engines);
  const cpu = Object.entries(after).map(([name, micros]) => [name, micros - (before[name] ?? 0)]);
  return { result, cpu: Object.fromEntries(cpu) };
};

export const addUp = (all: readonly CpuMicros[]): CpuMicros => {
  const sum: Record<string, number> = {};
  for (const one of all) for (const [name, micros] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + micros;
  return sum;
};

/** What each of so many has cost, of all of some rounds. */
export const costOfEach = (rounds: readonly CpuMicros[], count: number): CpuMicros =>
  Object.fromEntries(Object.entries(addUp(rounds)).map(([name, micros]) => [name, micros / count]));
