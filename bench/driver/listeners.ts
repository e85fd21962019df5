import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { TICK_MICROS } from './threads.ts';

/** What a process that is not ours to ask has used so far; empty numbers where there is no `/proc`. */
export type ProcessUsage = { readonly cpuMicros: number; readonly rss: number };

const LISTENS = '0A';

/** The process of this machine that listens on a port; null where none is to be seen, as behind a container's wall. */
export const listenerOn = (port: number): number | null => {
  const inodes = new Set(['tcp', 'tcp6'].flatMap((file) => inodesOf(linesOf(`/proc/net/${file}`), port)));
  if (inodes.size === 0) return null;
  const pids = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) =>
    namesIn(`/proc/${pid}/fd`).some((fd) =>
      inodes.has(/^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1]),
    ),
  );
  // It only carries bytes to and fro at the wall of a container.
  return found === undefined || linesOf(`/proc/${found}/comm`)[0] === 'docker-proxy' ? null : Number(found);
};

export const usageOf = (pid: number): ProcessUsage => {
  const stat = linesOf(`/proc/${pid}/stat`)[0] ?? '';
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  const cpuMicros = ((user ?? Number.NaN) + (system ?? Number.NaN)) * TICK_MICROS;
  const kilobytes = linesOf(`/proc/${pid}/status`).find((line) => line.startsWith('VmRSS:'));
  return { cpuMicros, rss: Number(/\d+/.exec(kilobytes ?? '')?.[0] ?? Number.NaN) * 1_024 };
};

const inodesOf = (lines: readonly string[], port: number): readonly (string | undefined)[] => {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => local.endsWith(wanted) && state === LISTENS)
    .map((fields) => fields[9]);
};

const linesOf = (path: string): readonly string[] => attempt(() => readFileSync(path, 'utf8').split('\n'), []);
const namesIn = (path: string): readonly string[] => attempt(() => readdirSync(path), []);
const linkOf = (path: string): string => attempt(() => readlinkSync(path), '');

/** A process may go while it is looked at. */
const attempt = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};
