import { Redis as Client } from 'ioredis';
import type { Script } from './script.ts';
import { type Subscriber, type Subscription, subscriptions } from './subscriptions.ts';
import { unavailable, ViewsUnavailable } from './unavailable.ts';

/** What Redis answers: text, a whole number, nothing, or a list of these. */
export type Reply = string | number | null | readonly Reply[];

/**
 * One process's way to Redis: a connection for commands and one for messages. Commands given in one turn of the event
 * loop go out together. A command that Redis cannot take now fails at once with `ViewsUnavailable`, and so does one
 * whose connection breaks under it or that is not answered in time: nothing queues and nothing is sent twice behind
 * the caller's back. Both connections come back by themselves.
 */
export type Redis = {
  /** Begins every key and every channel. */
  readonly namespace: string;
  /** Tells this process from all others. */
  readonly instance: string;
  /** Sends one command. */
  send(command: string, ...args: readonly (string | number)[]): Promise<Reply>;
  /** Runs a script; its keys are made within it, so all arguments arrive in ARGV. */
  run(script: Script, args: readonly (string | number)[]): Promise<Reply>;
  /** Whoever publishes names the channel with the namespace in front. */
  subscribe(channel: string, subscriber: Subscriber): Subscription;
  /** Called each time that the connection for commands has come up, before anything is sent over it. */
  onConnected(listener: () => void): () => void;
  /** The id of the running server, which changes when it is restarted. Asked anew of each connection. */
  runId(): Promise<string>;
  /** Rejects with `ViewsUnavailable` when Redis does not answer. */
  ping(): Promise<void>;
  /** What keeps commands from Redis now; undefined when nothing does. */
  fault(): Error | undefined;
  close(): Promise<void>;
};

/** The longest pause before another attempt to connect. */
const MAX_RETRY_MS = 1_000;

/** A namespace goes into key patterns, so it must hold nothing that they give a meaning to. */
const NAMESPACE = /^[\w.-]{1,64}$/;

/** Resolves once the first attempt to connect has ended, well or not: a process starts without Redis and waits for it. */
export const connectRedis = async (options: {
  /** `redis://` or `rediss://` (TLS), with user, password and database where there are any. */
  readonly url: string;
  readonly namespace: string;
  /** Unique among all that share the namespace, and new after each start. */
  readonly instance: string;
  /** How long a command may take before it has failed. */
  readonly commandTimeoutMs?: number;
  /** Told of each fault of a connection. */
  readonly onTrouble?: (error: Error) => void;
}): Promise<Redis> => {
  const { url, namespace, instance, commandTimeoutMs = 2_000, onTrouble = () => {} } = options;
  if (!NAMESPACE.test(namespace)) throw new Error(`Not a namespace: ${JSON.stringify(namespace)}`);

  const client = new Client(url, {
    lazyConnect: true,
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Whatever is under way when a connection breaks is given up at once.
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    connectTimeout: commandTimeoutMs,
    // A peer that has silently gone is noticed by what it no longer answers.
    socketTimeout: 2 * commandTimeoutMs,
    retryStrategy,
  });

  let fault: Error | undefined = new ViewsUnavailable('Not connected to Redis yet');
  let runId: Promise<string> | undefined;
  const connected = new Set<() => void>();
  client.on('error', (error: Error) => {
    fault = unavailable(error);
    onTrouble(error);
  });
  client.on('ready', () => {
    fault = undefined;
    for (const listener of [...connected]) listener();
  });
  client.on('close', () => {
    fault ??= new ViewsUnavailable('The connection to Redis is closed');
    runId = undefined;
    messages.reconnect();
  });
  const messages = subscriptions({ client, onTrouble });
  await client.connect().catch(() => {}); // told to `onTrouble`, and tried again

  const send: Redis['send'] = async (command, ...args) => {
    try {
      return (await client.call(command, ...args)) as Reply;
    } catch (error) {
      throw unavailable(error);
    }
  };

  const askRunId = async (): Promise<string> => {
    const [, id] = /^run_id:(\w+)/m.exec(String(await send('INFO', 'server'))) ?? [];
    if (id === undefined) throw new ViewsUnavailable('Redis does not say which run of it this is');
    return id;
  };

  return {
    namespace,
    instance,
    send,
    run: async ({ sha, lua }, args) => {
      const values = args.map(String);
      try {
        return (await client.evalsha(sha, 0, ...values)) as Reply;
      } catch (error) {
        // A server that was restarted has forgotten its scripts; what it has not run may be sent again.
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw unavailable(error);
      }
      try {
        return (await client.eval(lua, 0, ...values)) as Reply;
      } catch (error) {
        throw unavailable(error);
      }
    },
    subscribe: messages.subscribe,
    onConnected: (listener) => {
      connected.add(listener);
      return () => {
        connected.delete(listener);
      };
    },
    runId: async () => {
      const asked = runId ?? askRunId();
      runId = asked;
      try {
        return await asked;
      } catch (error) {
        if (runId === asked) runId = undefined;
        throw error;
      }
    },
    ping: async () => {
      await send('PING');
    },
    fault: () => fault,
    close: async () => {
      connected.clear();
      messages.close();
      client.disconnect();
    },
  };
};

export const retryStrategy = (attempt: number): number => Math.min(25 * 2 ** Math.min(attempt, 10), MAX_RETRY_MS);
