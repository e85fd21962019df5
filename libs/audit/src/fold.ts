import { credential, type DomainEvent, observation, operations, session } from '@signalbox/domain';
import { categoryOf } from '@signalbox/event-sourcing';
import { asJson, type Json } from './canonical-json.ts';
import { SECRETS } from './entry.ts';
import type { ReadEvent } from './event-reader.ts';

/** The state of one stream, as far as it can be read. */
export type Folded = {
  /** Of the last event; -1 before the first. */
  readonly revision: number;
  readonly position: number;
  /** True: something that made this state can no longer be read, so nobody knows it. */
  readonly isLost: boolean;
  readonly state: unknown;
};

type AnyDecider = { readonly initial: unknown; readonly evolve: (state: unknown, event: DomainEvent) => unknown };

// Each decider is given events of its own category only, which the compiler can't follow through the table.
const deciders: Readonly<Record<string, AnyDecider>> = {
  session,
  credential,
  observation,
  operations,
} as unknown as Record<string, AnyDecider>;

/** After these it does not matter what was before. */
const REDACTIONS: ReadonlySet<string> = new Set(['SessionRedacted', 'CredentialRedacted']);

export const nothingYet = (category: string): Folded => ({
  ...{ revision: -1, position: 0, isLost: false },
  state: deciders[category]?.initial ?? null,
});

/** Folds what follows. An event that is there already is passed by, so the same event twice changes nothing. */
export const folded = (before: Folded, { recorded, event }: ReadEvent): Folded => {
  const { stream, revision, position, type } = recorded;
  if (revision <= before.revision) return before;
  const decider = deciders[categoryOf(stream)];
  if (!event || !decider) return { ...before, revision, position, isLost: before.isLost || decider !== undefined };
  const isLost = before.isLost && !REDACTIONS.has(type);
  return { revision, position, isLost, state: decider.evolve(before.state, event) };
};

/** The state as it is shown: without secrets. Of a state that nobody knows, only that. */
export const shownState = ({ state, isLost }: Folded): Json =>
  isLost ? { status: 'unreadable' } : asJson(state, SECRETS);
