import { seededChance } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../src/index.ts';
import { planted } from './planted.ts';

describe('a refusal of somebody who did not prove who it was', () => {
  it.each([
    'signature refused when answering',
    'signature refused when reading',
    'signature refused when sending candidates',
  ] as const)('may have been anybody’s, so it is no certain cause: %s', (plot) => {
    for (let seed = 0; seed < 20; seed++) {
      const { facts, now } = planted[plot]?.(seededChance(seed)) ?? { facts: [], now: 0 };
      const { cause, certain, sentence, alternatives } = diagnose(facts, now);
      expect({ cause, certain }).toEqual({ cause: 'signature_refused', certain: false });
      expect(sentence).toMatch(/^Somebody was refused/);
      expect(alternatives).not.toEqual([]);
    }
  });
});
