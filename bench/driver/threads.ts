import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of the kernel's accounts: a hundred in a second on every Linux that Node runs on. */
export const TICK_MICROS = 10_000;

/** CPU time so far of a process's threads, by their names, in microseconds; empty where there is no `/proc`. */
export const threadMicros = (pid: number): ReadonlyMap<string, number> => {
  const micros = new Map<string, number>();
  const folder = `/proc/${pid}/task`;
  for (const thread of threadsIn(folder)) {
    const stat = readFileSync(`${folder}/${thread}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const [user = 0, system = 0] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    micros.set(name, (micros.get(name) ?? 0) + (user + system) * TICK_MICROS);
  }
  return micros;
};

const threadsIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
