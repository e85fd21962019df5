import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containerEngine } from './container.ts';
import { type Engine, type Environment, foreign, type Missing, noneOf } from './engine.ts';
import { processEngine, run } from './process.ts';
import { ask, freePort } from './sockets.ts';

export type RedisEngine = Engine & { readonly url: string };

const withUrl = <T extends Engine | Missing>(found: T): RedisEngine | Missing =>
  found.kind === 'real' ? { ...found, url: `redis://${found.address}` } : found;

/** Redis as the environment names it (`SIGNALBOX_TEST_REDIS`, host:port), else one of our own. */
export const startRedis = async (env: Environment): Promise<RedisEngine | Missing> => {
  const address = env.SIGNALBOX_TEST_REDIS;
  return address ? withUrl(foreign(address, `Redis at ${address}`)) : startOwnRedis({ inMemory: true });
};

/**
 * Redis or Valkey for this caller alone, to be killed and paused at will: in a container, else from the PATH. It comes
 * back from a kill with what it held, or `inMemory` with nothing, as the read models' Redis does in production.
 */
export const startOwnRedis = async (options: { readonly inMemory?: boolean } = {}): Promise<RedisEngine | Missing> => {
  const contained = await containerEngine({
    image: 'redis:7.2',
    port: 6379,
    environment: () => ({}),
    ready,
  });
  if (contained.kind === 'real') return withUrl(contained);
  const program = await firstProgram('redis-server', 'valkey-server');
  return program
    ? withUrl(await fromPath(program, options.inMemory ?? false))
    : noneOf('Redis', contained, notInstalled);
};

/** One for keys, for this caller alone: it has everything on disk before it says so. */
export const startKeysRedis = async (): Promise<RedisEngine | Missing> => {
  const engine = await startOwnRedis();
  if (engine.kind !== 'real') return engine;
  for (const setting of ['appendonly yes', 'appendfsync always', 'save ""']) {
    const said = (await ask(engine.address, `CONFIG SET ${setting}\r\n`)).toString();
    if (!said.startsWith('+OK')) throw new Error(`Redis does not take ${setting}: ${said}`);
  }
  return engine;
};

const notInstalled: Missing = { kind: 'missing', reason: 'neither redis-server nor valkey-server is in the PATH' };

type Program = { readonly name: string; readonly version: string };

const firstProgram = async (...names: readonly string[]): Promise<Program | null> => {
  for (const name of names) {
    const said = await run(name, ['--version']).catch(() => null);
    if (said !== null) return { name, version: /v=(\S+)/.exec(said)?.[1] ?? 'of unknown version' };
  }
  return null;
};

const fromPath = async ({ name, version }: Program, inMemory: boolean): Promise<Engine> => {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-redis-'));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  return processEngine({
    address,
    description: `${name} ${version} on ${address}`,
    program: name,
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--appendonly', inMemory ? 'no' : 'yes', '--save', ''],
    ],
    folder,
    ready: () => ready(address),
  });
};

/** While it loads its data it answers with an error instead. */
const ready = async (address: string) => (await ask(address, 'PING\r\n')).toString().startsWith('+PONG');
