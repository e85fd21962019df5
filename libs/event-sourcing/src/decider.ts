/** What a decision comes to: events to record (none when the command repeats what has happened), or a refusal. */
export type Decision<E, R> =
  | { readonly kind: 'accepted'; readonly events: readonly E[] }
  | { readonly kind: 'rejected'; readonly rejection: R };

/** The shape that jet/equinox and emmett share; `isTerminal` tells that nothing more is served from the stream. */
export type Decider<C, S, E extends { readonly type: string }, R> = {
  readonly category: string;
  readonly initial: S;
  /** Pure; refuses by value. */
  readonly decide: (command: C, state: S) => Decision<E, R>;
  /** Pure; never throws on a history that `decide` made. */
  readonly evolve: (state: S, event: E) => S;
  readonly isTerminal: (state: S) => boolean;
};

export const accept = <E>(...events: readonly E[]): Decision<E, never> => ({ kind: 'accepted', events });

export const reject = <R>(rejection: R): Decision<never, R> => ({ kind: 'rejected', rejection });
