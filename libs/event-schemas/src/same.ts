import type { Opaque } from '@signalbox/domain';

/** The type with everything in it read-only, which is how the domain declares its events and zod does not. */
type Frozen<T> = [T, Opaque] extends [Opaque, T]
  ? Opaque // goes on without an end, and is one and the same on both sides
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/**
 * True when both types are the same but for `readonly`. `true satisfies Same<A, B>` does not compile once they drift
 * apart: what is stored and what the domain speaks of are one shape.
 */
export type Same<A, B> =
  (<X>() => X extends Frozen<A> ? 1 : 2) extends <X>() => X extends Frozen<B> ? 1 : 2 ? true : false;
