import type { Decider } from '@signalbox/event-sourcing';
import { expect } from 'vitest';
import { frozen } from './frozen.ts';

type WithCode = { readonly code: string };
type Details<R extends WithCode, Code extends R['code']> = Omit<Extract<R, { readonly code: Code }>, 'code'>;
/** A rejection that tells more than its code has all of it asserted. */
type DetailsArgument<D> = keyof D extends never ? [] : [details: D];

export type Spec<C, E, R extends WithCode> = {
  readonly when: (command: C) => {
    /**
     * The command records exactly these events; sent again at once, it is accepted and records nothing more. So the
     * retry rule is checked in every specification.
     */
    readonly then: (...events: readonly [E, ...E[]]) => void;
    /** The command is accepted and records nothing. */
    readonly thenNothing: () => void;
    /** The command is refused, with exactly this code and these details. */
    readonly thenRejected: <Code extends R['code']>(code: Code, ...details: DetailsArgument<Details<R, Code>>) => void;
  };
};

/**
 * Given what has happened, when a command comes, then this happens. Everything the decider is handed is frozen, so a
 * specification also fails when `decide` or `evolve` changes what it was given.
 */
export const specFor = <C, S, E extends { readonly type: string }, R extends WithCode>(
  decider: Decider<C, S, E, R>,
): ((...history: readonly E[]) => Spec<C, E, R>) => {
  const fold = (state: S, events: readonly E[]): S =>
    events.reduce((s, event) => frozen(decider.evolve(s, event)), state);

  return (...history) => ({
    when: (command) => {
      const before = fold(frozen(decider.initial), frozen(history));
      const decision = decider.decide(frozen(command), before);
      return {
        // biome-ignore lint/suspicious/noThenProperty: the word of specifications; nobody awaits a half-written one.
        then: (...events) => {
          expect(decision).toStrictEqual({ kind: 'accepted', events });
          const again = decider.decide(command, fold(before, frozen(events)));
          expect(again, 'the same command once more').toStrictEqual({ kind: 'accepted', events: [] });
        },
        thenNothing: () => expect(decision).toStrictEqual({ kind: 'accepted', events: [] }),
        thenRejected: (code, ...[details]) =>
          expect(decision).toStrictEqual({ kind: 'rejected', rejection: { code, ...details } }),
      };
    },
  });
};
