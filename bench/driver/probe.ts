/**
 * Loaded into each measured process before its own code: tells the bench what the process has used. It does nothing
 * until it is asked, and does not keep the process running.
 */
import { Session } from 'node:inspector/promises';
import type { Memory, Profile, Usage } from './server-process.ts';

/** What the bench may ask for. */
export type Question = 'usage' | 'memory' | 'start profile' | 'stop profile';

const SAMPLE_MICROS = 200;

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

const session = new Session();

const startProfile = async (): Promise<null> => {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROS });
  await session.post('Profiler.start');
  return null;
};

const stopProfile = async (): Promise<Profile> => {
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return profile as Profile;
};

const answers: Readonly<Record<Question, () => unknown>> = {
  usage,
  memory,
  'start profile': startProfile,
  'stop profile': stopProfile,
};

process.on('message', async (question: Question) => process.send?.({ answer: await answers[question]() }));
process.channel?.unref();
