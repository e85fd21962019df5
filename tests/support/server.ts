import { Agent, type Dispatcher } from 'undici';
import { type Exit, listening, removeDirectory, type Spawned, spawnService, temporaryDirectory } from './process.ts';
import { startStack } from './stack.ts';

export { type Exit, root, temporaryDirectory } from './process.ts';

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

/** What every server under test is told, unless the test says otherwise. */
export const usualEnv = {
  SIGNALBOX_RATE_LIMITS: 'off',
  // How busy the machine is on which tests run is not what they are about.
  SIGNALBOX_MAX_EVENT_LOOP_DELAY_MS: '60000',
} as const;

/** A process of the standalone server. */
export const spawnServer = (env: Readonly<Record<string, string>>): Spawned =>
  spawnService('services/standalone/src/main.ts', env);

export const newDispatcher = (): Agent => new Agent({ connections: 512, connect: { rejectUnauthorized: false } });

/**
 * A server that takes requests: the standalone one, or where the run says so the whole stack behind one address. The
 * scenarios do not know which.
 */
export const startServer = (options: ServerOptions = {}): Promise<Server> => {
  const target = process.env.SIGNALBOX_TEST_TARGET ?? 'standalone';
  if (target.includes('://')) return Promise.resolve(reached(target, options));
  return target === 'stack' ? startStack(options) : startStandalone(options);
};

/** One that runs already and belongs to somebody else, such as the stack in containers. It can't be told or done anything. */
const reached = (url: string, { env = {}, port, dataDir }: ServerOptions): Server => {
  if (Object.keys(env).length > 0 || port !== undefined || dataDir !== undefined) {
    throw new Error(`The server at ${url} runs already, and can't be started otherwise: leave this test out.`);
  }
  const dispatcher = newDispatcher();
  const notOurs = () => Promise.reject(new Error(`The server at ${url} is not the test's to stop.`));
  return {
    ...{ url, dispatcher, env, dataDir: '', pid: 0, port: Number(new URL(url).port) },
    output: () => '',
    exited: new Promise(() => {}),
    ...{ stop: notOurs, kill9: notOurs, again: notOurs },
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
};

/** A process of the standalone server that takes requests. */
export const startStandalone = async ({ env = {}, dataDir, port = 0 }: ServerOptions): Promise<Server> => {
  const directory = dataDir ?? temporaryDirectory();
  const spawned = spawnServer({
    ...usualEnv,
    SIGNALBOX_PORT: String(port),
    SIGNALBOX_DATA_DIR: directory,
    ...env,
  });
  const { exited, end, pid, output } = spawned;
  const url = await listening(spawned);
  const dispatcher = newDispatcher();
  return {
    ...{ url, dispatcher, pid, env, output, exited },
    port: Number(new URL(url).port),
    dataDir: directory,
    stop: () => end('SIGTERM'),
    kill9: () => end('SIGKILL'),
    again: async (changed = {}) => {
      await exited;
      const next = { env: { ...env, ...changed }, dataDir: directory, port: Number(new URL(url).port) };
      return startStandalone(next);
    },
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL');
      await dispatcher.destroy();
      if (dataDir === undefined) removeDirectory(directory);
    },
  };
};
