import { type Json, someAtLevel } from './json.ts';

/** A value this many levels inside the params can't be signed. */
const MAX_LEVEL = 100;

/** As clients hold their params: an optional member may be there and be undefined. `JSON.parse` never gives that. */
export type Signable = Json | { readonly [key: string]: Json | undefined };

/**
 * The one text of a JSON value: no whitespace, object keys by their UTF-16 code units, everything else as
 * `JSON.stringify` prints it. Undefined when the value is nested too deep.
 *
 * Written here because the library of RFC 8785 differs where it matters: it refuses lone surrogates, which clients
 * sign as escapes, and knows no depth; and a member that is undefined has to be printed as the bare word, as the
 * clients' own canonicaliser does.
 */
export const canonicalJson = (value: Signable): string | undefined =>
  someAtLevel(value as Json, MAX_LEVEL + 1, () => true) ? undefined : print(value);

const print = (value: Signable | undefined): string => {
  if (value === undefined) return 'undefined';
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(print).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${print(member)}`).join(',')}}`;
};
