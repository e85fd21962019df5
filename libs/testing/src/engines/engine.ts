/** A server of the kind that runs in production, for tests to talk to. Addresses are on this machine. */
export type Engine = {
  readonly kind: 'real';
  /** `host:port` */
  readonly address: string;
  /** What it is and where it came from, in one line. */
  readonly description: string;
  /** Where it keeps what it writes, when that is on this machine and the test's to look into; null otherwise. */
  readonly folder: string | null;
  /** Ends it as a power cut would. Address and data outlive it. */
  kill(): Promise<void>;
  /** Starts it again after `kill`; resolves when it answers. */
  start(): Promise<void>;
  /** `kill`, then `start`. */
  restart(): Promise<void>;
  /** It stands still: connections stay open and nothing answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends it for good and removes its data. */
  stop(): Promise<void>;
};

/** There is none here, and why. */
export type Missing = { readonly kind: 'missing'; readonly reason: string };

/** Seconds on an idle machine; minutes on one that does much else. */
export const START_WITHIN_MS = 240_000;

export type Environment = Readonly<Record<string, string | undefined>>;

/** A server that somebody else runs: tests may use it, but not harm it. */
export const foreign = (address: string, description: string): Engine => {
  const refuse = () => Promise.reject(new Error(`${description} is not this test's to stop`));
  const leave = () => Promise.resolve();
  return {
    kind: 'real',
    address,
    description,
    folder: null,
    ...{ kill: refuse, start: refuse, restart: refuse, pause: refuse, resume: refuse, stop: leave },
  };
};

/** The reasons of all the ways that were tried. */
export const noneOf = (what: string, ...tried: readonly Missing[]): Missing => ({
  kind: 'missing',
  reason: `no ${what}: ${tried.map(({ reason }) => reason).join('; ')}`,
});
