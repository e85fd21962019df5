import { systemChance, systemClock } from '@signalbox/runtime';
import { until } from '@signalbox/testing';
import type {} from '@signalbox/testing/engines/setup';
import { startEventStoreDbServer } from '@signalbox/testing/eventstoredb-server';
import { request } from 'undici';
import { inject } from 'vitest';
import { type Front, startFront } from './front.ts';
import { listening, type Spawned, spawnService } from './process.ts';
import { newDispatcher, type Server, type ServerOptions, usualEnv } from './server.ts';

export type Role = 'command' | 'query' | 'gateway' | 'projector' | 'scheduler' | 'relay';

export const roles: readonly Role[] = ['command', 'query', 'gateway', 'projector', 'scheduler', 'relay'];

/** One process of the stack. */
export type Instance = Spawned & { readonly role: Role; readonly url: string };

export type StackServers = {
  readonly eventStoreDbUrl: string;
  readonly kafkaBrokers: readonly string[];
  readonly redisUrl: string;
  readonly keysUrl: string;
};

const keyOf = (letter: string) => `${letter}0123456789abcdef`.repeat(4).slice(0, 64);

/** The keys of every stack under test. */
export const stackKeys = {
  SIGNALBOX_MASTER_KEYS: keyOf('a'),
  SIGNALBOX_TOKEN_KEYS: keyOf('b'),
  SIGNALBOX_ADMIN_KEYS: keyOf('c'),
  SIGNALBOX_CHECKPOINT_KEYS: keyOf('e'),
} as const;

/** Enough for the processes of one stack to know each other and their servers. */
export const stackEnv = (servers: StackServers, namespace: string) => ({
  ...usualEnv,
  ...stackKeys,
  SIGNALBOX_PORT: '0',
  SIGNALBOX_TRUSTED_PROXIES: 'loopback',
  SIGNALBOX_EVENTSTOREDB_URL: servers.eventStoreDbUrl,
  SIGNALBOX_KAFKA_BROKERS: servers.kafkaBrokers.join(','),
  SIGNALBOX_KAFKA_PARTITIONS: String(PARTITIONS),
  SIGNALBOX_REDIS_URL: servers.redisUrl,
  SIGNALBOX_KEYS_URL: servers.keysUrl,
  SIGNALBOX_NAMESPACE: namespace,
  SIGNALBOX_SESSION_TIMEOUT_MS: '6000',
  // So that it is the tokens that the tests rest on.
  SIGNALBOX_SHOWN_WITHIN_MS: '0',
});

export const startInstance = async (role: Role, env: Readonly<Record<string, string>>): Promise<Instance> => {
  const spawned = spawnService(`services/${role}/src/main.ts`, env);
  return { ...spawned, role, url: await listening(spawned) };
};

/** Null when it is ready; otherwise what it says of itself. */
const trouble = async ({ role, url, output }: Instance): Promise<string | null> => {
  try {
    const { statusCode, body } = await request(`${url}/ready`);
    const text = await body.text();
    return statusCode === 200 ? null : `${role}: ${text}\n${output().slice(-2_000)}`;
  } catch (error) {
    return `${role}: ${String(error)}\n${output().slice(-2_000)}`;
  }
};

const PARTITIONS = 4;

/** Null once every partition has a projector; those of processes that were killed are dealt out after a while. */
const unprojected = (instances: readonly Instance[]): string | null => {
  const dealt = instances
    .filter(({ role }) => role === 'projector')
    .flatMap(({ output }) => [...output().matchAll(/"partitions":\[([\d,]*)\]/g)].at(-1)?.[1]?.split(',') ?? []);
  return new Set(dealt.filter((one) => one !== '')).size === PARTITIONS ? null : `only ${dealt} have a projector`;
};

const leaderless = (instances: readonly Instance[]): string | null =>
  instances.some(({ role, output }) => role === 'relay' && output().includes('elected: carrying'))
    ? null
    : 'no relay has been elected';

/** Resolves when every process says that it is ready, and the bus has been dealt out. */
export const ready = (instances: readonly Instance[]) =>
  until(
    'every process is ready',
    async () => {
      const said = [...(await Promise.all(instances.map(trouble))), unprojected(instances), leaderless(instances)];
      const troubles = said.filter((text) => text !== null);
      if (troubles.length > 0) throw new Error(troubles.join('\n'));
      return true;
    },
    { withinMs: 30_000, everyMs: 50 },
  );

export const routesOf = (instances: readonly Instance[]) => {
  const urls = (role: Role) => instances.filter((one) => one.role === role).map(({ url }) => url);
  return { command: urls('command'), query: urls('query'), gateway: urls('gateway') };
};

/**
 * The whole stack as processes on this machine, behind one address, as if it were one server. Kafka and Redis are those
 * of the run, told apart by the namespace; the event store is a double within the test, or one that is `filled` already
 * and whose owner closes it.
 */
export const startStack = async (
  options: ServerOptions,
  filled?: { readonly eventStoreDbUrl: string; readonly namespace: string },
): Promise<Server> => {
  const [kafkaBrokers, redisUrl, keysUrl] = [inject('kafkaBrokers'), inject('redisUrl'), inject('keysUrl')];
  if (kafkaBrokers === null || redisUrl === null || keysUrl === null) {
    throw new Error('There is no Kafka or no Redis for the stack.');
  }
  if (filled) {
    const { eventStoreDbUrl, namespace } = filled;
    return run({ kafkaBrokers, redisUrl, keysUrl, eventStoreDbUrl }, namespace, options, async () => {});
  }
  const namespace = `t${systemChance.uuid().slice(0, 13)}`;
  const found = inject('eventStoreDb');
  if (found.isReal)
    return run({ kafkaBrokers, redisUrl, keysUrl, eventStoreDbUrl: found.url }, namespace, options, async () => {});
  // Each stack has a double of its own, which is quicker than one that holds the events of all.
  const eventStore = await startEventStoreDbServer({ now: systemClock.now });
  return run({ kafkaBrokers, redisUrl, keysUrl, eventStoreDbUrl: eventStore.url }, namespace, options, () =>
    eventStore.close(),
  );
};

const run = async (
  servers: StackServers,
  namespace: string,
  { env = {}, port = 0 }: ServerOptions,
  closeServers: () => Promise<void>,
): Promise<Server> => {
  const front: Front = await startFront(port);
  const all = { ...stackEnv(servers, namespace), ...env };
  const started = await Promise.allSettled(roles.map((role) => startInstance(role, all)));
  const instances = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  try {
    const failed = started.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    await ready(instances);
  } catch (error) {
    await Promise.all(instances.map((one) => one.end('SIGKILL')));
    await front.close();
    throw error;
  }
  front.route(routesOf(instances));
  const dispatcher = newDispatcher();
  /** Its servers are those of the next one, and no longer its own to close. */
  let hasSuccessor = false;
  const end = async (signal: NodeJS.Signals) => {
    // First the address goes, as that of one server would.
    await front.close();
    const exits = await Promise.all(instances.map((one) => one.end(signal)));
    return exits.find(({ code }) => code !== 0) ?? exits[0] ?? { code: 0, signal: null };
  };
  const exited = Promise.all(instances.map((one) => one.exited)).then(([first]) => first ?? { code: 0, signal: null });
  return {
    ...{ url: front.url, port: front.port, dispatcher, env, exited },
    dataDir: '',
    pid: instances[0]?.pid ?? 0,
    output: () => instances.map((one) => one.output()).join('\n'),
    stop: () => end('SIGTERM'),
    kill9: () => end('SIGKILL'),
    again: async (changed = {}) => {
      await exited;
      hasSuccessor = true;
      return run(servers, namespace, { env: { ...env, ...changed }, port: front.port }, closeServers);
    },
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL');
      await dispatcher.destroy();
      if (!hasSuccessor) await closeServers();
    },
  };
};
