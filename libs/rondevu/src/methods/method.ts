import type { CommandContext, Refusal, Result, Write } from '@signalbox/commands';
import type { Dialect } from '../dialect.ts';
import { type Failure, failureOf } from '../failure.ts';
import type { JsonObject } from '../json.ts';

/** What a method hands back: the `result` that the caller sees, and what was written for it. */
export type Answer = { readonly result: Readonly<Record<string, unknown>>; readonly writes: readonly Write[] };

type Call = {
  /** Empty where the caller sent something else than an object. */
  readonly params: JsonObject;
  readonly dialect: Dialect;
  readonly context: CommandContext;
};

/** `caller` has proved to be who it is. */
export type SignedCall = Call & { readonly caller: string };

/** `claimed` is unproven: see `claimedIdentity`. */
export type OpenCall = Call & { readonly claimed: string | null; readonly clientAddress: string | null };

export type SignedMethod = {
  readonly access: 'signed';
  /** The one member that clients may leave undefined: see `signedTexts`. */
  readonly optionalMember: string | null;
  readonly run: (call: SignedCall) => Promise<Answer | Failure>;
};

export type OpenMethod = {
  readonly access: 'open';
  readonly run: (call: OpenCall) => Promise<Answer | Failure>;
};

export type Method = SignedMethod | OpenMethod;

export const signed = (run: SignedMethod['run'], optionalMember: string | null = null): SignedMethod => ({
  access: 'signed',
  optionalMember,
  run,
});

export const open = (run: OpenMethod['run']): OpenMethod => ({ access: 'open', run });

/** The answer of something that only read. */
export const shown = (result: Answer['result']): Answer => ({ result, writes: [] });

/** The answer of a command, or what its refusal is called here. */
export const answered = <T, R extends Refusal>(
  outcome: Result<T, R>,
  resultOf: (value: T) => Answer['result'],
): Answer | Failure =>
  outcome.kind === 'done' ? { result: resultOf(outcome.value), writes: outcome.writes } : failureOf(outcome.refusal);
