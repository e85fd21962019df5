import { createHash } from 'node:crypto';

/** A JSON value with nothing that JSON could not hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What `JSON.stringify` makes of it, with the names of every object in the order of their UTF-16 units: equal values give equal texts. */
export const canonicalJson = (value: Json): string => {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] as Json)}`);
  return `{${members.join(',')}}`;
};

/** SHA-256 of the canonical JSON, in hex. */
export const stateHash = (value: Json): string => createHash('sha256').update(canonicalJson(value)).digest('hex');

/**
 * A value of the domain as JSON: maps become objects, sets and lists lists, and members without a value are left out.
 * `hidden` names members that are left out wherever they are.
 */
export const asJson = (value: unknown, hidden: ReadonlySet<string> = NOTHING): Json => {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map((item) => asJson(item, hidden));
  if (value instanceof Set) return [...value].map((item) => asJson(item, hidden));
  if (typeof value !== 'object') return null;
  const members = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(
    members
      .filter(([name, member]) => member !== undefined && !hidden.has(String(name)))
      .map(([name, member]) => [String(name), asJson(member, hidden)]),
  );
};

const NOTHING: ReadonlySet<string> = new Set();

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
