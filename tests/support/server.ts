import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent, type Dispatcher } from 'undici';
import { afterAll } from 'vitest';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Node that the package manifest pins: the one that production runs on. */
const node = join(root, 'node_modules', '.bin', 'node');

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** Where requests go to: its own connections, so that none outlives the server that it leads to. */
export type Target = { readonly url: string; readonly dispatcher: Dispatcher };

export type Server = Target &
  AsyncDisposable & {
    readonly port: number;
    readonly dataDir: string;
    readonly pid: number;
    readonly env: Readonly<Record<string, string>>;
    /** Everything that the process has written so far, both streams. */
    output(): string;
    readonly exited: Promise<Exit>;
    /** SIGTERM: the graceful stop. Answers with how the process ended. */
    stop(): Promise<Exit>;
    kill9(): Promise<Exit>;
    /** The same server again, on the same port and data directory, after this process has ended. */
    again(env?: Readonly<Record<string, string>>): Promise<Server>;
  };

export type ServerOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Kept by whoever gives it; without one, the server has a directory of its own that goes with it. */
  readonly dataDir?: string;
  readonly port?: number;
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

/** A process of the standalone server as anyone would start it, with nothing in its environment that is not said here. */
export const spawnServer = (env: Readonly<Record<string, string>>) => {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(SIGNALBOX_|VITEST|NODE_OPTIONS|NODE_ENV)/.test(name),
  );
  const child = spawn(node, ['services/standalone/src/main.ts'], {
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
  return { child, exited, output: () => output, onOutput: (listener: () => void) => listeners.add(listener) };
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's colours begin with one
const COLOURS = /\u001b\[[\d;]*m/g;
const LISTENING = /listening on (https?:\/\/[^\s"]+)/i;

/** Resolves when the server says that it listens. Rejects with all it has said when it ends or stays silent instead. */
export const startServer = async ({ env = {}, dataDir, port = 0 }: ServerOptions = {}): Promise<Server> => {
  const directory = dataDir ?? temporaryDirectory();
  const { child, exited, output, onOutput } = spawnServer({
    SIGNALBOX_PORT: String(port),
    SIGNALBOX_DATA_DIR: directory,
    SIGNALBOX_RATE_LIMITS: 'off',
    // How busy the machine is on which tests run is not what they are about.
    SIGNALBOX_MAX_EVENT_LOOP_DELAY_MS: '60000',
    ...env,
  });
  const url = await new Promise<string>((resolve, reject) => {
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
  }).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });

  const dispatcher = new Agent({ connections: 512, connect: { rejectUnauthorized: false } });
  const end = async (signal: NodeJS.Signals): Promise<Exit> => {
    if (running.has(child)) child.kill(signal);
    return exited;
  };
  return {
    url,
    dispatcher,
    port: Number(new URL(url).port),
    dataDir: directory,
    pid: child.pid ?? 0,
    env,
    output,
    exited,
    stop: () => end('SIGTERM'),
    kill9: () => end('SIGKILL'),
    again: async (changed = {}) => {
      await exited;
      const next = { env: { ...env, ...changed }, dataDir: directory, port: Number(new URL(url).port) };
      return startServer(next);
    },
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL');
      await dispatcher.destroy();
      if (dataDir !== undefined) return;
      rmSync(directory, { recursive: true, force: true });
      directories.delete(directory);
    },
  };
};
