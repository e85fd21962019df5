/** A value that came out of `JSON.parse`. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const childrenOf = (value: Json): readonly Json[] =>
  isList(value) ? value : isObject(value) ? Object.values(value) : [];

/**
 * Whether some value lying exactly this many levels inside passes the test; the value itself lies at level 0. Never
 * goes deeper than `level`, so a hostile nesting costs no stack.
 */
export const someAtLevel = (value: Json, level: number, test: (value: Json) => boolean): boolean =>
  level === 0 ? test(value) : childrenOf(value).some((child) => someAtLevel(child, level - 1, test));
