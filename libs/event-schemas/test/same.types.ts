import type { Opaque } from '@signalbox/domain';
import type { Same } from '../src/same.ts';

// Read by the compiler only: each line does not compile when `Same` misses a difference, or sees one where none is.
false satisfies Same<{ a: string }, { a: number }>;
false satisfies Same<{ a: string }, { a: string; b?: string }>;
false satisfies Same<{ a?: string }, { a: string }>;
false satisfies Same<{ a: string | null }, { a: string }>;
false satisfies Same<{ a: 'x' | 'y' }, { a: 'x' }>;
false satisfies Same<{ a: Opaque[] }, { a: unknown[] }>;
false satisfies Same<{ a: Opaque[] }, { a: string[] }>;
true satisfies Same<{ a: { b: string }[] }, { readonly a: readonly { readonly b: string }[] }>;
true satisfies Same<{ a: Opaque[] }, { readonly a: readonly Opaque[] }>;
