import { describe, expect, it } from 'vitest';
import { addressOf, readAddress } from '../../src/console/web/address.js';
import { readSearch } from '../../src/console/web/search.js';
import type { Place } from '../../src/console/web/shapes.ts';
import { momentOf, readTime, sinceOf, spanOf } from '../../src/console/web/time.js';

const now = Date.parse('2026-11-20T10:04:05.123Z');
const id = '0199a1b2-0000-7000-8000-000000000001';
const trace = 'AB'.repeat(16);

describe('the search box', () => {
  it.each([
    [id, { kind: 'session', id }],
    [`session:${id}`, { kind: 'session', id }],
    ['session:of-another-form', { kind: 'session', id: 'of-another-form' }],
    ['', { kind: 'search', search: {} }],
    ['tag:chat', { kind: 'search', search: { tag: 'chat' } }],
    ['tag:a:b', { kind: 'search', search: { tag: 'a:b' } }],
    ['identity:quick-otter-41', { kind: 'search', search: { identity: 'quick-otter-41' } }],
    ['ab'.repeat(32), { kind: 'search', search: { identity: 'ab'.repeat(32) } }],
    [`trace:${trace}`, { kind: 'search', search: { trace: trace.toLowerCase() } }],
    [trace, { kind: 'search', search: { trace: trace.toLowerCase() } }],
    ['from:-15m  tag:chat', { kind: 'search', search: { from: now - 900_000, tag: 'chat' } }],
    [
      'from:10:00 to:2026-11-20T10:02:03.5',
      { kind: 'search', search: { from: now - 245_123, to: Date.parse('2026-11-20T10:02:03.500Z') } },
    ],
  ])('understands “%s”', (text, sought) => {
    expect(readSearch(text, now)).toEqual(sought);
  });

  it('does not guess what a bare word names', () => {
    expect(readSearch('chat', now)).toMatchObject({ kind: 'unclear', instead: ['tag:chat', 'identity:chat'] });
  });

  it.each(['colour:red', 'tag:', 'from:soon', 'tag:a tag:b'])('says what is wrong with “%s”', (text) => {
    expect(readSearch(text, now)).toEqual({ kind: 'unclear', why: expect.stringMatching(/\.$/), instead: [] });
  });
});

describe('times', () => {
  it('are read as people write them, in UTC', () => {
    expect(readTime('-90s', now)).toBe(now - 90_000);
    expect(readTime('2026-11-20', now)).toBe(Date.parse('2026-11-20T00:00:00Z'));
    expect(readTime('2026-11-20T10:04Z', now)).toBe(Date.parse('2026-11-20T10:04:00Z'));
    expect(readTime(String(now), now)).toBe(now);
    expect(['25:00', 'yesterday', '2026-13-01', ''].map((text) => readTime(text, now))).toEqual([
      ...[undefined, undefined, undefined, undefined],
    ]);
  });

  it('are told so that they can be compared', () => {
    expect(momentOf(now)).toBe('2026-11-20 10:04:05.123 UTC');
    expect([sinceOf(0), sinceOf(1_234), sinceOf(302_000), sinceOf(-40)]).toEqual([
      ...['+0.000 s', '+1.234 s', '+5 min 02 s', '−40 ms'],
    ]);
    expect([spanOf(999), spanOf(12_000_000), spanOf(180_000_000)]).toEqual(['999 ms', '3 h 20 min', '2 d 02 h']);
  });
});

describe('the address', () => {
  const places: readonly Place[] = [
    { view: 'search', text: '' },
    { view: 'search', text: 'tag:a&b from:-15m' },
    { view: 'session', id, at: null, event: null },
    { view: 'session', id: 'a/b?c', at: now, event: id },
    { view: 'tail' },
    { view: 'health' },
    { view: 'discovery', tag: 'tag with #', at: '-15m' },
  ];
  it.each(places)('of a place leads back to it: $view', (place) => {
    expect(readAddress(addressOf(place))).toEqual(place);
  });

  it('that means nothing leads to the search', () => {
    for (const hash of ['', '#', '#/nowhere', '#/session/', '#/%']) {
      expect(readAddress(hash)).toEqual({ view: 'search', text: '' });
    }
    expect(readAddress('#/session/%?at=soon')).toEqual({ view: 'session', id: '%', at: null, event: null });
  });
});
