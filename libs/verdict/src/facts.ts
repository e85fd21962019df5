import type { ObservationEvent, OperationsEvent, SessionEvent } from '@signalbox/domain';
import type { Cause } from './catalogue.ts';

type KnownEvent = SessionEvent | ObservationEvent | OperationsEvent;

/** One event of a session's timeline. */
export type Fact = {
  readonly position: number;
  readonly eventId: string;
  /** When it was recorded, epoch milliseconds. */
  readonly at: number;
  readonly actor: string | null;
  /** `data: null`: the key of its payload has been destroyed. */
  readonly event: KnownEvent | { readonly type: KnownEvent['type']; readonly data: null };
};

type Payload<T extends KnownEvent['type']> = Extract<KnownEvent, { readonly type: T }>['data'];

/** A fact whose payload can be read, with that payload at hand. */
export type Read<T extends KnownEvent['type']> = { readonly fact: Fact; readonly data: Payload<T> };

/** The facts of one type that can be read, in their order. */
export const ofType = <T extends KnownEvent['type']>(facts: readonly Fact[], type: T): readonly Read<T>[] =>
  facts.flatMap((fact) =>
    fact.event.type === type && fact.event.data !== null ? [{ fact, data: fact.event.data as Payload<T> }] : [],
  );

/** An event that a verdict rests on, and what it says to that. */
export type Evidence = { readonly position: number; readonly eventId: string; readonly says: string };

/** `waiting`: the session lives, and something has yet to come. `unknown`: signaling does not tell. */
export type Outcome = 'connected' | 'failed' | 'waiting' | 'unknown';

export type Verdict = {
  readonly outcome: Outcome;
  readonly cause: Cause;
  /** False: it is the likeliest cause, and `alternatives` are others that fit what is known. */
  readonly certain: boolean;
  readonly sentence: string;
  readonly evidence: readonly Evidence[];
  readonly advice: readonly string[];
  readonly alternatives: readonly Cause[];
  /** What the parties report, where that does not fit together or not with the record; else null. */
  readonly contradiction: string | null;
};
