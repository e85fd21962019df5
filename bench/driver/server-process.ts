import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@signalbox/runtime';
import type { Question } from './probe.ts';

/** CPU time so far, in microseconds: of the whole process, and of the thread that runs its event loop. */
export type Usage = { readonly cpuMicros: number; readonly loopMicros: number };

/** Bytes, after a garbage collection. `heapUsed` and `external` are of the main thread. */
export type Memory = { readonly rss: number; readonly heapUsed: number; readonly external: number };

/** What V8's profiler says of the main thread, as far as it is used. */
export type Profile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  /** The node that was on top of the stack, and how long since the sample before, in microseconds. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

/** A server in a process of its own, with the probe in it. */
export interface ServerProcess {
  readonly origin: string;
  readonly pid: number;
  /** From the moment it was spawned until it said that it listens. */
  readonly startMs: number;
  /** What it has written to its standard output so far. */
  output(): string;
  usage(): Promise<Usage>;
  memory(): Promise<Memory>;
  startProfile(): Promise<null>;
  stopProfile(): Promise<Profile>;
  /** Resolves when the process has ended. Throws when it did not end well. */
  stop(): Promise<void>;
}

const probe = fileURLToPath(new URL('./probe.ts', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;

/** What has not ended yet, so that nothing outlives the bench. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Starts `entry` and waits until it says where it listens. Of this process's environment it gets the PATH alone. */
export const startServer = async (
  entry: string,
  env: Readonly<Record<string, string>>,
  nodeOptions: readonly string[] = [],
): Promise<ServerProcess> => {
  const spawnedAt = systemClock.monotonic();
  const child = spawn(process.execPath, ['--expose-gc', ...nodeOptions, '--import', probe, entry], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.add(child);
  let output = '';
  let complaints = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-4_000);
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.stdout?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-64_000);
    const origin = /listening on (https?:\/\/[^\s"]+)/i.exec(output)?.[1];
    if (origin !== undefined) resolve(origin);
  });
  const ended = once(child, 'exit').finally(() => running.delete(child));
  ended.then(() => reject(new Error(`${entry} ended before it listened.\n${complaints || output}`)), reject);
  const deadline = setTimeout(() => reject(new Error(`${entry} did not listen in time.\n${output}`)), START_TIMEOUT_MS);
  const origin = await promise.finally(() => clearTimeout(deadline));
  const startMs = systemClock.monotonic() - spawnedAt;

  const ask = async <T>(question: Question): Promise<T> => {
    child.send(question);
    const [{ answer }] = (await once(child, 'message')) as [{ readonly answer: T }];
    return answer;
  };

  return {
    origin,
    pid: child.pid ?? 0,
    startMs,
    output: () => output,
    usage: () => ask<Usage>('usage'),
    memory: () => ask<Memory>('memory'),
    startProfile: () => ask<null>('start profile'),
    stopProfile: () => ask<Profile>('stop profile'),
    stop: async () => {
      const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      child.kill('SIGTERM');
      const [code, signal] = (await ended) as [number | null, string | null];
      clearTimeout(impatient);
      if (code !== 0 && signal !== 'SIGTERM') throw new Error(`${entry} ended with ${code ?? signal}.\n${complaints}`);
    },
  };
};
