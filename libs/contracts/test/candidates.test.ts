import { describe, expect, it } from 'vitest';
import { createV1, depthOf } from '../src/index.ts';
import { accepted, limits, refused, v1 } from './schemas.ts';

const { body } = v1.addCandidates;
const one = (candidate: unknown) => accepted(body, { candidates: [candidate] }).candidates[0];
const whyNot = (candidate: unknown) => refused(body, { candidates: [candidate] });

/** `{"a":{"a":…}}`, so many levels deep. */
const nested = (depth: number, wrap: (inner: unknown) => unknown = (a) => ({ a })): unknown => {
  let value: unknown = 'x';
  for (let level = 0; level < depth; level++) value = wrap(value);
  return value;
};

describe('a candidate', () => {
  it.each([
    { candidate: 'candidate:1 1 UDP 2122252543 192.0.2.1 50000 typ host', sdpMid: '0', sdpMLineIndex: 0 },
    {},
    { candidate: '' },
    { nested: [1, null, true, { deeper: ['text'] }], 'with space': 0.1, '': 'no name' },
    ['a list', 1],
  ])('passes through as the very thing that came: %j', (candidate) => {
    const before = structuredClone(candidate);
    expect(one(candidate)).toBe(candidate);
    expect(candidate).toStrictEqual(before);
  });

  it('keeps members that a prototype would swallow', () => {
    const text = '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"toString":"x","candidate":"c"}';
    const candidate: unknown = JSON.parse(text);
    expect(one(candidate)).toBe(candidate);
    expect(JSON.stringify(one(candidate))).toBe(text);
    expect('polluted' in {}).toBe(false);
  });

  it.each([['text'], [1], [true], [null], [undefined]])('is an object: not %j', (candidate) => {
    expect(whyNot(candidate)).toEqual([['candidates.0', 'INVALID_PARAMS']]);
  });

  it('may be as deep as is allowed, in objects and in lists, and no deeper', () => {
    for (const wrap of [(a: unknown) => ({ a }), (a: unknown) => [a], (a: unknown) => ({ flat: 1, a: [a] })]) {
      let levels = 0;
      while (depthOf(nested(levels + 1, wrap), 100) <= limits.maxCandidateDepth) levels++;
      expect(one(nested(levels, wrap))).toBeDefined();
      expect(whyNot(nested(levels + 1, wrap))).toEqual([['candidates.0', 'INVALID_PARAMS']]);
    }
  });

  it('that is deeper than any stack is refused like any other', () => {
    expect(whyNot(nested(200_000))).toEqual([['candidates.0', 'INVALID_PARAMS']]);
    expect(whyNot(nested(200_000, (a) => [a]))).toEqual([['candidates.0', 'INVALID_PARAMS']]);
  });

  it('may be as large as is allowed, counted in bytes of its JSON, and no larger', () => {
    const frame = Buffer.byteLength(JSON.stringify({ candidate: '' }));
    const room = limits.maxCandidateBytes - frame;
    expect(one({ candidate: 'c'.repeat(room) })).toBeDefined();
    expect(whyNot({ candidate: 'c'.repeat(room + 1) })).toEqual([['candidates.0', 'INVALID_PARAMS']]);
    expect(one({ candidate: 'ü'.repeat(room / 2) })).toBeDefined();
    expect(whyNot({ candidate: 'ü'.repeat(room / 2 + 1) })).toEqual([['candidates.0', 'INVALID_PARAMS']]);
  });

  it('has the limits that are configured', () => {
    const tight = createV1({ ...limits, maxCandidateBytes: 20, maxCandidateDepth: 2 }).addCandidates.body;
    expect(accepted(tight, { candidates: [{ a: { b: 1 } }] }).candidates).toHaveLength(1);
    expect(refused(tight, { candidates: [{ a: { b: {} } }] })).toEqual([['candidates.0', 'INVALID_PARAMS']]);
    expect(refused(tight, { candidates: [{ a: 'x'.repeat(20) }] })).toEqual([['candidates.0', 'INVALID_PARAMS']]);
  });
});

describe('a list of candidates', () => {
  it('holds 1 to as many as are allowed', () => {
    const list = (length: number) => ({ candidates: Array.from({ length }, () => ({})) });
    expect(accepted(body, list(1)).candidates).toHaveLength(1);
    expect(accepted(body, list(limits.maxCandidatesPerRequest)).candidates).toHaveLength(100);
    expect(refused(body, list(limits.maxCandidatesPerRequest + 1))).toEqual([['candidates', 'INVALID_PARAMS']]);
    expect(refused(body, list(0))).toEqual([['candidates', 'MISSING_PARAMS']]);
  });

  it('names each candidate that is wrong by its place', () => {
    expect(refused(body, { candidates: [{}, 1, {}, nested(11)] })).toEqual([
      ['candidates.1', 'INVALID_PARAMS'],
      ['candidates.3', 'INVALID_PARAMS'],
    ]);
  });

  it('stands alone', () => {
    expect(refused(body, { candidates: [{}], role: 'offerer' })).toEqual([['', 'INVALID_PARAMS']]);
    expect(refused(body, [{}])).toEqual([['', 'INVALID_PARAMS']]);
  });
});

describe('the depth of a value', () => {
  it.each([
    [1, 0],
    ['text', 0],
    [null, 0],
    [undefined, 0],
    [{}, 1],
    [[], 1],
    [{ a: 1, b: { c: 1 } }, 2],
    [[[[]], []], 3],
    [{ a: [{ b: [] }] }, 4],
  ])('of %j is %d', (value, depth) => {
    expect(depthOf(value, 100)).toBe(depth);
  });

  it('is not counted beyond the limit', () => {
    expect(depthOf(nested(200_000), 5)).toBe(6);
  });
});
