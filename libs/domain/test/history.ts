import type { Decider, Decision } from '@signalbox/event-sourcing';
import { frozen } from '@signalbox/testing';
import { expect } from 'vitest';

/** One command, what came of it, and the state before and after. */
export type Step<C, S, E, R> = {
  readonly command: C;
  readonly decision: Decision<E, R>;
  readonly before: S;
  readonly after: S;
};

/**
 * Carries commands out one after another, on frozen states and commands, and checks of each what holds for every
 * decider: the same command on the same state is decided alike, and an accepted command changes nothing when repeated.
 */
export const carriedOut = <C, S, E extends { readonly type: string }, R>(
  decider: Decider<C, S, E, R>,
  commands: readonly C[],
): { readonly steps: readonly Step<C, S, E, R>[]; readonly events: readonly E[]; readonly state: S } => {
  const steps: Step<C, S, E, R>[] = [];
  let state = frozen(decider.initial);
  for (const command of commands) {
    const before = state;
    const decision = frozen(decider.decide(frozen(command), before));
    expect(decider.decide(command, before)).toStrictEqual(decision);
    if (decision.kind === 'accepted') {
      for (const event of decision.events) state = frozen(decider.evolve(state, event));
      expect(decider.decide(command, state)).toStrictEqual({ kind: 'accepted', events: [] });
    }
    steps.push({ command, decision, before, after: state });
  }
  const events = steps.flatMap(({ decision }) => (decision.kind === 'accepted' ? decision.events : []));
  return { steps, events, state };
};
