import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Signable } from '../src/canonical-json.ts';
import type { Json } from '../src/json.ts';

/** The body as it comes, and its canonical text. */
const vectors: readonly (readonly [body: string, canonical: string])[] = [
  ['{}', '{}'],
  ['[]', '[]'],
  [' { "b" : 1 , "a" : [ 1 , 2 ] } ', '{"a":[1,2],"b":1}'],
  ['{"tags":["de","chat"],"offers":[{"sdp":"v=0"}]}', '{"offers":[{"sdp":"v=0"}],"tags":["de","chat"]}'],
  ['{"2":1,"10":2,"1":3}', '{"1":3,"10":2,"2":1}'],
  ['{"a":1,"B":2,"é":3,"😀":4,"\uffff":5}', '{"B":2,"a":1,"é":3,"😀":4,"\uffff":5}'],
  ['{"n":1.0,"m":1e21,"o":-0,"p":1E-7,"q":0.1}', '{"m":1e+21,"n":1,"o":0,"p":1e-7,"q":0.1}'],
  ['{"s":"\\u0041\\u000a\\u0007\\/"}', '{"s":"A\\n\\u0007/"}'],
  ['{"s":"\\ud800"}', '{"s":"\\ud800"}'],
  ['{"\\udfff":1}', '{"\\udfff":1}'],
  ['{"s":"\u2028"}', '{"s":"\u2028"}'],
  ['{"a":1,"a":2}', '{"a":2}'],
  ['{"z":1,"__proto__":{"b":1,"a":2}}', '{"__proto__":{"a":2,"b":1},"z":1}'],
  ['{"x":null,"y":true,"z":false}', '{"x":null,"y":true,"z":false}'],
  ['"text"', '"text"'],
  ['5', '5'],
  ['[1,[2,{"b":[],"a":{}}]]', '[1,[2,{"a":{},"b":[]}]]'],
];

const nested = (levels: number, inner: string): Json =>
  JSON.parse(`${'['.repeat(levels)}${inner}${']'.repeat(levels)}`) as Json;

describe('canonical JSON', () => {
  it.each(vectors)('writes %s as %s', (body, canonical) => {
    expect(canonicalJson(JSON.parse(body) as Json)).toBe(canonical);
  });

  it('writes a member that is undefined as the bare word', () => {
    const params: Signable = { since: undefined, a: 1 };
    expect(canonicalJson(params)).toBe('{"a":1,"since":undefined}');
  });

  it('takes a value 100 levels inside, and none at 101', () => {
    expect(canonicalJson(nested(100, '1'))).toBe(`${'['.repeat(100)}1${']'.repeat(100)}`);
    expect(canonicalJson(nested(101, ''))).toBe(`${'['.repeat(101)}${']'.repeat(101)}`);
    expect(canonicalJson(nested(101, '1'))).toBeUndefined();
  });

  it('finds out that a value is nested too deep without descending into it', () => {
    expect(canonicalJson(nested(100_000, '1'))).toBeUndefined();
  });

  it('does not depend on the order of members, and is what JSON.stringify makes of sorted ones', () => {
    fc.assert(
      fc.property(fc.jsonValue().map(withLetters), fc.nat(), (value, turn) => {
        const text = canonicalJson(value as Json);
        expect(text).toBe(JSON.stringify(arranged(value, (keys) => keys.sort())));
        expect(canonicalJson(arranged(value, (keys) => rotated(keys, turn)) as Json)).toBe(text);
        expect(JSON.parse(text ?? '')).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

/** The same value with the members of every object in another order. */
const arranged = (value: unknown, order: (keys: string[]) => string[]): unknown => {
  if (Array.isArray(value)) return value.map((one) => arranged(one, order));
  if (typeof value !== 'object' || value === null) return value;
  const members = new Map(Object.entries(value));
  return Object.fromEntries(order([...members.keys()]).map((key) => [key, arranged(members.get(key), order)]));
};

/** Objects put names that are numbers first, whatever one does: a letter before each name gives it the order it has. */
const withLetters = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withLetters);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [`k${key}`, withLetters(member)]));
};

const rotated = (keys: string[], turn: number): string[] => {
  const start = keys.length === 0 ? 0 : turn % keys.length;
  return [...keys.slice(start), ...keys.slice(0, start)];
};
