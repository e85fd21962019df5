import { type Chance, DEFAULT_PATIENCE, type Patience, type Surroundings, type Timers } from './attempts.ts';
import { connect } from './connection.ts';
import { createHealth } from './health.ts';
import { readIdentity } from './identity.ts';

export type StoreOptions = {
  /** The connection string of EventStoreDB: hosts, TLS, credentials and keep-alive are all in it. */
  readonly url: string;
  readonly timers: Timers;
  readonly chance: Chance;
  /** Told of every attempt that failed and every subscription that broke, though they are tried again. For a log. */
  readonly onTrouble?: (error: unknown) => void;
  readonly patience?: Partial<Patience>;
  /** Begins the names of all streams, so that several logs can share a store (in tests). Empty in production. */
  readonly prefix?: string;
};

/** One user's use of the connection to a store. */
export type Session = {
  readonly around: Surroundings;
  readonly prefix: string;
  readonly fault: () => string | null;
  end(): Promise<void>;
};

/** Rejects with `CannotOpenLog`. */
export const startSession = async (options: StoreOptions): Promise<Session> => {
  const { timers, chance, prefix = '' } = options;
  const connection = await connect(options.url, timers);
  const health = createHealth({
    timers,
    onTrouble: options.onTrouble ?? (() => {}),
    probe: () => readIdentity(around, prefix),
  });
  const around: Surroundings = {
    connection,
    timers,
    chance,
    patience: { ...DEFAULT_PATIENCE, ...options.patience },
    onFailed: health.failed,
    onAnswered: health.answered,
  };
  return {
    around,
    prefix,
    fault: () => health.fault,
    end: async () => {
      health.end();
      await connection.release();
    },
  };
};
