import { EventStoreDBClient } from '@eventstore/db-client';
import type { Timers } from './attempts.ts';
import { CannotOpenLog } from './errors.ts';
import { createWindow } from './window.ts';

/**
 * How many appends may be under way in the client at once. Beyond 15 its stream of appends may have to wait for room,
 * and what waits there when the connection breaks is rejected where nobody can catch it: that would end the process.
 */
const APPENDS_UNDER_WAY = 15;

/** How long to wait until a client has let go of its calls before the next one begins. */
const DISPOSAL_MS = 2_000;

/** The client of this process, shared by everyone who has opened the same connection string. */
export type Connection = {
  client(): Promise<EventStoreDBClient>;
  /** False once the client has been replaced: then its calls have been cut off, and some of them look complete. */
  isCurrent(client: EventStoreDBClient): boolean;
  /** Puts a new client in the place of one that is of no use any more; every call it had under way fails. */
  renew(failed: EventStoreDBClient): void;
  /** Runs an append when there is room for one more. */
  readonly inWindow: <T>(work: () => Promise<T>) => Promise<T>;
  /** Gives this user's share back; the last one ends the client. */
  release(): Promise<void>;
};

type Shared = {
  readonly url: string;
  users: number;
  readonly connection: Omit<Connection, 'release'>;
  readonly end: () => Promise<void>;
};

let open: Shared | null = null;
/** Settles when the client before has let go: the next one has to wait for that. */
let ending: Promise<void> = Promise.resolve();

/**
 * One client per process: the client library keeps the appends of all clients in one place, so that a broken stream of
 * one rejects the appends of another and a late answer ends the process. Rejects with `CannotOpenLog`.
 */
export const connect = async (url: string, timers: Timers): Promise<Connection> => {
  await ending;
  if (open && open.url !== url) {
    throw new CannotOpenLog(
      'EVENT_STORE_IN_USE',
      'This process is connected to another EventStoreDB already. Two clients in one process harm each other: close ' +
        'the log that is open, or use a process of its own for the other one.',
    );
  }
  open ??= createShared(url, timers);
  const shared = open;
  shared.users++;
  let released = false;
  return {
    ...shared.connection,
    release: async () => {
      if (released) return;
      released = true;
      if (--shared.users > 0) return;
      open = null;
      ending = shared.end();
      await ending;
    },
  };
};

const createShared = (url: string, timers: Timers): Shared => {
  let live: EventStoreDBClient | null = clientFor(url);
  let current = Promise.resolve(live);
  let ended = false;

  const dispose = async (client: EventStoreDBClient) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const callOff = timers.after(DISPOSAL_MS, resolve);
    await Promise.race([client.dispose(), promise]);
    callOff();
  };

  return {
    url,
    users: 0,
    connection: {
      client: () => current,
      isCurrent: (client) => client === live,
      renew: (failed) => {
        if (failed !== live || ended) return;
        live = null;
        // The old one is ended before the new one begins: they would share their appends.
        current = dispose(failed).then(() => {
          live = clientFor(url);
          return live;
        });
      },
      inWindow: createWindow(APPENDS_UNDER_WAY),
    },
    end: async () => {
      ended = true;
      await dispose(await current);
    },
  };
};

const clientFor = (url: string): EventStoreDBClient => {
  // The server's newer name for the same protocol, which this client does not know.
  const known = url.replace(/^kurrentdb(?=:|\+)/, 'esdb');
  if (/[?&]throwOnAppendFailure=false/i.test(known)) {
    throw new CannotOpenLog(
      'EVENT_STORE_URL',
      'Remove throwOnAppendFailure=false from the connection string: with it the client reports wrong revisions.',
    );
  }
  try {
    return EventStoreDBClient.connectionString(known);
  } catch {
    // The client's error holds the connection string, and that the password.
    throw new CannotOpenLog(
      'EVENT_STORE_URL',
      'The connection string is not one of EventStoreDB. It looks like esdb://user:password@host:2113?tls=true.',
    );
  }
};
