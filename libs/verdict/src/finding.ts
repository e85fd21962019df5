import type { Call, Side } from './call.ts';
import type { Cause } from './catalogue.ts';
import type { Evidence, Fact, Outcome } from './facts.ts';

/** What one rule makes of a call. */
export type Finding = {
  readonly cause: Cause;
  readonly outcome: Outcome;
  readonly certain: boolean;
  readonly sentence: string;
  readonly evidence: readonly Evidence[];
  /** It says that something is not there: while the session lives it may still come. */
  readonly isMissing: boolean;
  /** It rests on something that was not noticed, or not earlier: where the record has gaps, nobody can be certain of it. */
  readonly isUnseen: boolean;
  readonly alternatives: readonly Cause[];
  readonly contradiction: string | null;
};

/** Null: the rule has nothing to say of this call. */
export type Rule = (call: Call) => Finding | null;

/** A finding; certain, and that the call failed, unless it says otherwise. */
export const found = (
  cause: Cause,
  sentence: string,
  evidence: readonly Evidence[],
  more: Partial<Omit<Finding, 'cause' | 'sentence' | 'evidence'>> = {},
): Finding => ({
  ...{
    outcome: 'failed',
    certain: true,
    isMissing: false,
    isUnseen: more.isMissing ?? false,
    alternatives: [],
    contradiction: null,
  },
  ...more,
  ...{ cause, sentence, evidence },
});

export const evidence = (fact: Fact, says: string): Evidence => ({
  position: fact.position,
  eventId: fact.eventId,
  says,
});

/** The event that ended the session, if it has been recorded. */
export const ofTheEnd = ({ end }: Call): readonly Evidence[] =>
  end?.fact ? [evidence(end.fact, end.how === 'expired' ? 'the session expired' : `the session was ${end.how}`)] : [];

const SHOWN = 24;

/** A public key is shown by its beginning. */
export const nameOf = (identity: string): string => (identity.length > SHOWN ? `${identity.slice(0, 8)}…` : identity);

export const called = ({ role, identity }: Pick<Side, 'role' | 'identity'>): string =>
  `the ${role} (${nameOf(identity)})`;

/** At the beginning of a sentence. */
export const Called = (side: Side): string => `T${called(side).slice(1)}`;

export const seconds = (ms: number): string => `${(Math.max(ms, 0) / 1_000).toFixed(1)} s`;
