/** What goes wrong at the moment. The handlers ask; a test sets it through `Faults` of the server. */
export const createTrouble = () => ({
  /** How long an append's answer is held back after the commit, in milliseconds. */
  appendDelayMs: 0,
  /** How long a read or subscription rests before each event, in milliseconds. */
  readDelayMs: 0,
  /** Where the leader is said to be, while this node is none. */
  leaderElsewhere: null as { readonly host: string; readonly port: number } | null,
  /** What becomes of the answers to the next appends, in order. */
  answersToLose: [] as ('dropped' | 'silent')[],
  /** Subscriptions say a checkpoint at the end of the log before they deliver what is before it. */
  checkpointsRunAhead: false,
  /** Subscriptions stay open and deliver nothing, as behind a router that forgot the connection. */
  subscriptionsSilent: false,
});

export type Trouble = ReturnType<typeof createTrouble>;

export const resting = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
