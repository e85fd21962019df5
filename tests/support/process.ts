import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Node that the package manifest pins: the one that production runs on. */
export const node = join(root, 'node_modules', '.bin', 'node');

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Spawned = {
  readonly pid: number;
  /** Everything that the process has written so far, both streams. */
  output(): string;
  onOutput(listener: () => void): void;
  readonly exited: Promise<Exit>;
  /** Sends a signal, if it still runs; answers with how it ended. */
  end(signal: NodeJS.Signals): Promise<Exit>;
  /** Sends a signal that does not end it. */
  signal(signal: NodeJS.Signals): void;
};

const START_MS = 30_000;

const running = new Set<ChildProcess>();
const directories = new Set<string>();

const endEverything = () => {
  for (const child of running) child.kill('SIGKILL');
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
};

afterAll(endEverything);
process.on('exit', endEverything);

/** A directory that is removed after the tests of this file. */
export const temporaryDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-test-'));
  directories.add(directory);
  return directory;
};

export const removeDirectory = (directory: string): void => {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
};

/** A process as anyone would start it, with nothing in its environment that is not said here. */
export const spawnService = (script: string, env: Readonly<Record<string, string>>, args: readonly string[] = []) => {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(SIGNALBOX_|VITEST|NODE_OPTIONS|NODE_ENV)/.test(name),
  );
  const child = spawn(node, [script, ...args], {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  const exited = once(child, 'close').then(([code, signal]): Exit => {
    running.delete(child);
    for (const listener of listeners) listener();
    return { code, signal };
  });
  const spawned: Spawned = {
    pid: child.pid ?? 0,
    output: () => output,
    onOutput: (listener) => listeners.add(listener),
    exited,
    end: (signal) => {
      if (running.has(child)) child.kill(signal);
      return exited;
    },
    signal: (signal) => void child.kill(signal),
  };
  return spawned;
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's colours begin with one
const COLOURS = /\u001b\[[\d;]*m/g;
const LISTENING = /listening on (https?:\/\/[^\s"]+)/i;

/** Resolves when the process says where it listens. Rejects with all it has said when it ends or stays silent instead. */
export const listening = async ({ output, onOutput, exited, end }: Spawned): Promise<string> => {
  try {
    return await new Promise<string>((resolve, reject) => {
      const silent = setTimeout(() => reject(new Error(`The server did not start in time:\n${output()}`)), START_MS);
      onOutput(() => {
        const said = LISTENING.exec(output().replace(COLOURS, ''))?.[1];
        if (said === undefined) return;
        clearTimeout(silent);
        resolve(said.replace(/\/+$/, ''));
      });
      void exited.then(({ code }) => {
        clearTimeout(silent);
        reject(new Error(`The server ended with ${code} instead of starting:\n${output()}`));
      });
    });
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
};
