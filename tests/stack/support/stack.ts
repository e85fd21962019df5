import { systemChance } from '@signalbox/runtime';
import { until } from '@signalbox/testing';
import {
  type EventStoreDbEngine,
  type KafkaEngine,
  type Missing,
  type RedisEngine,
  startOwnEventStoreDb,
  startOwnKafka,
  startOwnRedis,
} from '@signalbox/testing/engines';
import type {} from '@signalbox/testing/engines/setup';
import { inject, onTestFailed } from 'vitest';
import { startFront } from '../../support/front.ts';
import { newDispatcher, type Target } from '../../support/server.ts';
import { type Instance, type Role, ready, roles, routesOf, stackEnv, startInstance } from '../../support/stack.ts';

/** A whole stack whose processes can be harmed one by one. */
export type Stack = Target &
  AsyncDisposable & {
    readonly namespace: string;
    readonly env: Readonly<Record<string, string>>;
    /** Those that run, the oldest first. */
    of(role: Role): readonly Instance[];
    one(role: Role): Instance;
    /** One more of a role. */
    start(role: Role): Promise<Instance>;
    /** As a power cut would. What is asked of it from now on fails, until another one is started. */
    kill9(instance: Instance): Promise<void>;
    /** Resolves when every process that runs says that it is ready. */
    ready(): Promise<void>;
  };

type Own<E> = E & AsyncDisposable;

const own = <E extends { stop(): Promise<void> }>(engine: E | Missing): Own<E> => {
  if ('reason' in engine) throw new Error(`The faults need a server of their own: ${engine.reason}`);
  return Object.assign(engine, { [Symbol.asyncDispose]: () => engine.stop() });
};

/** Servers that a test may kill, freeze and empty. */
export const ownKafka = async (): Promise<Own<KafkaEngine>> => own(await startOwnKafka());
export const ownRedis = async (): Promise<Own<RedisEngine>> => own(await startOwnRedis());
export const ownEventStore = async (): Promise<Own<EventStoreDbEngine>> => own(await startOwnEventStoreDb());

/** Of what is not about the end of a session, nothing ends while a test runs. */
const lifetimes = {
  SIGNALBOX_OFFER_MIN_TTL_MS: '50',
  SIGNALBOX_ANSWERED_TTL_MS: '3600000',
  SIGNALBOX_ENDED_RETENTION_MS: '3600000',
};

/** What holds the key of a request that its process took into the grave. */
const timeouts = { SIGNALBOX_REQUEST_TIMEOUT_MS: '5000' };

/** What a process said lately that is no mere news, for whoever has to find out why a test failed. */
const troublesOf = ({ role, pid, output }: Instance): string => {
  const lines = output().split('\n');
  const said = lines.filter((line) => line !== '' && !/"level":"(info|debug)"/.test(line)).slice(-30);
  return `\n${role} ${pid}:\n${said.map((line) => line.slice(0, 400)).join('\n')}\n`;
};

/**
 * Starts one process of each role, and `more` of some. Servers that are not given are those of the run, for all but the
 * event store, of which each stack has its own. A stack has its own namespace and closes what it has started.
 */
export const startFaultStack = async (
  options: {
    readonly more?: readonly Role[];
    readonly env?: Readonly<Record<string, string>>;
    /** False for a stack that several tests share. */
    readonly ofTest?: boolean;
    readonly kafkaBrokers?: readonly string[];
    readonly redisUrl?: string;
    readonly eventStoreDbUrl?: string;
  } = {},
): Promise<Stack> => {
  const kafkaBrokers = options.kafkaBrokers ?? inject('kafkaBrokers');
  const redisUrl = options.redisUrl ?? inject('redisUrl');
  const keysUrl = inject('keysUrl');
  if (kafkaBrokers === null || redisUrl === null || keysUrl === null)
    throw new Error('There is no Kafka or no Redis for the stack.');
  const eventStore = options.eventStoreDbUrl === undefined ? await ownEventStore() : null;
  const eventStoreDbUrl = options.eventStoreDbUrl ?? eventStore?.url ?? '';
  const namespace = `f${systemChance.uuid().slice(0, 13)}`;
  const env = {
    ...stackEnv({ kafkaBrokers, redisUrl, keysUrl, eventStoreDbUrl }, namespace),
    ...lifetimes,
    ...timeouts,
    ...options.env,
  };
  const front = await startFront(0);
  const dispatcher = newDispatcher();
  const ever: Instance[] = [];
  let running: readonly Instance[] = [];

  // One that is started for a whole file belongs to no test.
  if (options.ofTest ?? true) onTestFailed(() => void process.stderr.write(ever.map(troublesOf).join('')));

  const start = async (role: Role): Promise<Instance> => {
    const instance = await startInstance(role, env);
    ever.push(instance);
    running = [...running, instance];
    front.route(routesOf(running));
    return instance;
  };
  const close = async () => {
    await Promise.all(ever.map((one) => one.end('SIGKILL')));
    await front.close();
    await dispatcher.destroy();
    await eventStore?.stop();
  };
  const allReady = () =>
    until('every process is ready', () => ready(running).then(() => true), { withinMs: 90_000, everyMs: 100 });

  try {
    await Promise.all([...roles, ...(options.more ?? [])].map(start));
    await allReady();
  } catch (error) {
    await close();
    throw error;
  }

  const of = (role: Role) => running.filter((one) => one.role === role);
  return {
    ...{ url: front.url, dispatcher, namespace, env, of, start },
    one: (role) => {
      const [first] = of(role);
      if (first === undefined) throw new Error(`No ${role} runs.`);
      return first;
    },
    kill9: async (instance) => {
      await instance.end('SIGKILL');
      running = running.filter((one) => one !== instance);
    },
    ready: async () => void (await allReady()),
    [Symbol.asyncDispose]: close,
  };
};
