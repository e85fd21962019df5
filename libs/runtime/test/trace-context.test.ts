import { describe, expect, it } from 'vitest';
import { formatTraceparent, newSpanId, newTraceId, parseTraceparent, systemChance } from '../src/index.ts';
import { countingChance } from './fakes.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

describe('W3C trace context', () => {
  it('is read', () => {
    expect(parseTraceparent(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, sampled: true });
    expect(parseTraceparent(`00-${traceId}-${spanId}-02`)).toEqual({ traceId, spanId, sampled: false });
  });

  it('is read from a later version, as far as it is known', () => {
    expect(parseTraceparent(`cc-${traceId}-${spanId}-01-what-comes`)).toEqual({ traceId, spanId, sampled: true });
  });

  it.each([
    undefined,
    '',
    'nonsense',
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}`,
    `01-${traceId}-${spanId}-01-${'x'.repeat(200)}`,
  ])('is as if absent when it is not well formed: %s', (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  it('is written as it was read', () => {
    const header = `00-${traceId}-${spanId}-01`;
    expect(formatTraceparent({ traceId, spanId, sampled: true })).toBe(header);
    expect(formatTraceparent({ traceId, spanId, sampled: false })).toBe(`00-${traceId}-${spanId}-00`);
  });

  it('gets ids of the right form from chance alone', () => {
    expect(newTraceId(countingChance())).toBe('00000000000040008000000000000001');
    expect(newTraceId(systemChance)).toMatch(/^[0-9a-f]{32}$/);
    expect(newSpanId(systemChance)).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
    expect(newSpanId(systemChance)).not.toBe(newSpanId(systemChance));
  });
});
