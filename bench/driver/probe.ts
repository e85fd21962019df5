/**
 * Loaded into each measured process before its own code: tells the bench what the process has used. It does nothing
 * until it is asked, and does not keep the process running.
 */
import type { Memory, Usage } from './server-process.ts';

type Question = 'usage' | 'memory';

const usage = (): Usage => {
  const all = process.cpuUsage();
  const loop = process.threadCpuUsage();
  return { cpuMicros: all.user + all.system, loopMicros: loop.user + loop.system };
};

const memory = (): Memory => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
};

process.on('message', (question: Question) => process.send?.(question === 'usage' ? usage() : memory()));
process.channel?.unref();
