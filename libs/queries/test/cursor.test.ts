import type { FeedPoint } from '@signalbox/read-models';
import { describe, expect, it } from 'vitest';
import { feedCursor, pageCursor } from '../src/cursor.ts';

const written = (text: string) => Buffer.from(text).toString('base64url');
const EPOCH = '0197f3a2-7c1e-7000-8000-0123456789ab';
const pointAt = (sequence: number, seen: FeedPoint['seen'] = []): FeedPoint => ({ epoch: EPOCH, sequence, seen });

describe('a cursor', () => {
  it.each([0, 1, 8, 65_535, 2 ** 40, Number.MAX_SAFE_INTEGER])('stands for %d, and gives it back', (count) => {
    expect(pageCursor.decode(pageCursor.encode(count))).toBe(count);
    expect(feedCursor.decode(feedCursor.encode(pointAt(count)))).toStrictEqual(pointAt(count));
  });

  it('of a feed keeps what has been seen of each lane, in its order', () => {
    const seen = [
      [63, 0],
      [0, 1],
      [35, Number.MAX_SAFE_INTEGER],
      [36, 123_456_789],
    ] as const;
    for (const some of [seen.slice(0, 1), seen]) {
      expect(feedCursor.decode(feedCursor.encode(pointAt(7, some)))).toStrictEqual(pointAt(7, some));
    }
  });

  it('that holds every lane at the end of the longest log there can be still fits into a query', () => {
    const lanes = Array.from({ length: 64 }, (_, lane) => [lane, Number.MAX_SAFE_INTEGER] as const);
    const point = pointAt(Number.MAX_SAFE_INTEGER, lanes);
    const cursor = feedCursor.encode(point);
    expect(cursor).toMatch(/^[\w-]+$/);
    expect(cursor.length).toBeLessThanOrEqual(2_048);
    expect(feedCursor.decode(cursor)).toStrictEqual(point);
  });

  it('is text that may stand in a query as it is', () => {
    for (const cursor of [pageCursor.encode(12_345), feedCursor.encode(pointAt(12_345))]) {
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(cursor.length).toBeLessThanOrEqual(256);
    }
  });

  it('of another kind is none', () => {
    expect(pageCursor.decode(feedCursor.encode(pointAt(1)))).toBeUndefined();
    expect(feedCursor.decode(pageCursor.encode(1))).toBeUndefined();
  });

  it.each([
    ...['', ' ', '0', 'null', 'undefined', '💥', '%00', 'a'.repeat(256), 'd.1', 'f.1.log-1'],
    ...['d.', 'd.-1', 'd.+1', 'd.1.5', 'd.1e3', 'd.0x10', 'd. 1', 'd.1 ', 'd.1\n', 'd.NaN', 'D.1', 'x.1'].map(written),
    ...[`d.${'9'.repeat(17)}`, 'd.1\u0000', 'd.١'].map(written),
    ...['f.', 'f.1', 'f.1.', 'f..log', 'f.-1.log', 'f.1.log id', 'f.1.log.id', 'f.1.log\n', 'F.1.log'].map(written),
    ...['f.1.log.', 'f.1.log.1', 'f.1.log.1:', 'f.1.log.:1', 'f.1.log.1:2.', 'f.1.log.1:2:3', 'f.1.log.1:-2'].map(
      written,
    ),
    ...['f.1.log.1:A', 'f.1.log.aaaa:1', `f.1.log.1:${'1'.repeat(12)}`, `f.1.log${'.1:1'.repeat(1_025)}`].map(written),
    ...[`f.1.${'e'.repeat(65)}`, `f.${'9'.repeat(17)}.log`].map(written),
  ])('that nobody gave out is none: %j', (text) => {
    expect(pageCursor.decode(text)).toBeUndefined();
    expect(feedCursor.decode(text)).toBeUndefined();
  });
});
