import type { Redis as Client } from 'ioredis';

export type Subscriber = {
  /** What was published to the channel. */
  readonly onMessage: (message: string) => void;
  /** The connection was lost and is back: messages may have been missed. */
  readonly onResumed: () => void;
};

export type Subscription = {
  /** Resolves once messages published from now on arrive; waits for Redis as long as it is away. */
  readonly ready: Promise<void>;
  stop(): void;
};

/** Messages come over a connection of their own, which is opened when somebody first wants to hear any. */
export const subscriptions = (options: { readonly client: Client; readonly onTrouble: (error: Error) => void }) => {
  const { client, onTrouble } = options;
  const subscribers = new Map<string, Set<Subscriber>>();
  let connection: Client | undefined;
  let wasReady = false;

  const connect = (): Client => {
    // Subscribing waits for Redis as long as it takes, and is done again on each new connection.
    const opened = client.duplicate({
      lazyConnect: false,
      enableAutoPipelining: false,
      enableOfflineQueue: true,
      commandTimeout: undefined,
      maxRetriesPerRequest: null,
    });
    opened.on('error', onTrouble);
    opened.on('message', (channel: string, message: string) => {
      for (const subscriber of [...(subscribers.get(channel) ?? [])]) subscriber.onMessage(message);
    });
    opened.on('ready', () => {
      if (wasReady) void resume(opened);
      wasReady = true;
    });
    connection = opened;
    return opened;
  };

  /** The client subscribes again by itself; once that is answered, whatever is published is heard. */
  const resume = async (opened: Client) => {
    try {
      const channels = [...subscribers.keys()];
      if (channels.length > 0) await opened.subscribe(...channels);
    } catch (error) {
      onTrouble(error as Error);
      return;
    }
    for (const subscriber of [...subscribers.values()].flatMap((all) => [...all])) subscriber.onResumed();
  };

  return {
    subscribe: (channel: string, subscriber: Subscriber): Subscription => {
      const opened = connection ?? connect();
      const all = subscribers.get(channel) ?? new Set<Subscriber>();
      const own = { ...subscriber };
      all.add(own);
      subscribers.set(channel, all);
      const ready = opened.subscribe(channel).then(() => {});
      ready.catch(() => {}); // closed before Redis came; whoever waits for it is told
      return {
        ready,
        stop: () => {
          if (!all.delete(own) || all.size > 0 || subscribers.get(channel) !== all) return;
          subscribers.delete(channel);
          opened.unsubscribe(channel).catch(onTrouble);
        },
      };
    },
    /** For when the path to Redis was found broken: this connection, which sends nothing, would not notice. */
    reconnect: () => {
      if (connection?.status === 'ready') connection.disconnect(true);
    },
    close: () => {
      subscribers.clear();
      connection?.disconnect();
    },
  };
};
