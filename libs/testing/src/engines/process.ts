import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { until } from '../real-time.ts';
import { type Engine, START_WITHIN_MS } from './engine.ts';

/** So many bytes of what a program says are kept, for the message when it fails. */
const KEPT_OUTPUT = 4_000;

/** Runs a program to its end and gives what it wrote. Rejects, with the end of its output, when it fails. */
export const run = async (program: string, args: readonly string[], cwd?: string): Promise<string> => {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const [code] = await once(child, 'close'); // rejects when there is no such program
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${output.slice(-KEPT_OUTPUT)}`);
  return output;
};

/**
 * Runs a shell command as soon as this process has ended, in whatever way. Its `$1`, `$2`, … are `args`. Answers with
 * how to call it off.
 */
export const afterThisProcess = (command: string, ...args: readonly string[]): (() => void) => {
  // The pipe to its standard input closes with this process; its own session outlives a Ctrl-C.
  const watcher = spawn('sh', ['-c', `cat >/dev/null; ${command}`, 'watcher', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
  return () => watcher.kill('SIGKILL');
};

type Running = { readonly child: ChildProcess; readonly forget: () => void };

/** A server as a child process, with its data in a folder that is removed in the end. */
export const processEngine = async (options: {
  readonly address: string;
  readonly description: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Throws, or answers with something falsy, until the server is ready. */
  readonly ready: () => Promise<boolean>;
}): Promise<Engine> => {
  const { address, description, program, args, folder } = options;
  let running: Running | null = null;
  let output = '';

  const start = async () => {
    const child = spawn(program, args, { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        output = (output + text).slice(-KEPT_OUTPUT);
      });
      (stream as unknown as { unref(): void }).unref();
    }
    child.unref();
    await once(child, 'spawn');
    running = { child, forget: afterThisProcess('kill -9 "$1"; rm -rf "$2"', String(child.pid), folder) };
    const ended = () => child.exitCode !== null || child.signalCode !== null;
    await until(`${description} answers`, async () => ended() || options.ready(), {
      withinMs: START_WITHIN_MS,
      everyMs: 50,
    });
    if (ended()) throw new Error(`${description} ended while starting: ${output}`);
  };

  const kill = async () => {
    if (!running) return;
    const { child, forget } = running;
    running = null;
    forget();
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    child.kill('SIGKILL');
    await once(child, 'exit');
  };

  const send = async (signal: NodeJS.Signals) => {
    running?.child.kill(signal);
  };

  const stop = async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kind: 'real',
    address,
    description,
    folder,
    kill,
    start,
    restart: async () => {
      await kill();
      await start();
    },
    pause: () => send('SIGSTOP'),
    resume: () => send('SIGCONT'),
    stop,
  };
};
