import { describe, expect, it } from 'vitest';
import { semanticVersion } from '../src/index.ts';

describe('a semantic version', () => {
  it.each([
    ...['0.0.0', '1.20.300', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-0.x-y.10', '1.0.0-0a1', '1.0.0--'],
    '999999999999999.0.0',
  ])('%s is one', (text) => {
    expect(semanticVersion.test(text)).toBe(true);
  });

  // Each of these could be published, and then never be found by any range.
  it.each([
    ...['1.0', '01.0.0', '1.0.0-', '1.0.0-a..b', '1.0.0-.a', '1.0.0-a.', '1.0.0-01', '1.0.0-a.01', '1.0.0+build'],
    ...['99999999999999999999.0.0', '1.0.0-99999999999999999999'],
  ])('%s is none', (text) => {
    expect(semanticVersion.test(text)).toBe(false);
  });
});
