import { seededChance } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { causes, diagnose } from '../src/index.ts';
import { planted, withGaps } from './planted.ts';

const CALLS_EACH = 120;

type Judged = { readonly plot: string; readonly is: 'right' | 'unsure' | 'wrong'; readonly told: string };

const judged: readonly Judged[] = Object.entries(planted).flatMap(([plot, make], nth) =>
  Array.from({ length: CALLS_EACH }, (_, seed): Judged => {
    const { facts, now, expected, gap } = make(seededChance(nth * 10_000 + seed));
    const { cause, certain, alternatives } = diagnose(facts, now);
    const named = gap ? [cause, ...alternatives] : [cause];
    const isNamed = expected.some((one) => named.includes(one));
    const is = gap && certain ? 'wrong' : isNamed ? 'right' : certain ? 'wrong' : 'unsure';
    return { plot, is, told: `${cause} (${alternatives})` };
  }),
);

const shareOf = (list: readonly Judged[], is: Judged['is']) => list.filter((one) => one.is === is).length / list.length;

describe('thousands of calls, each with one planted cause', () => {
  it('are judged rightly in 95 of 100, and hardly ever wrongly and certainly', () => {
    expect(judged.length).toBeGreaterThan(6_000);
    expect(shareOf(judged, 'right')).toBeGreaterThanOrEqual(0.95);
    expect(shareOf(judged, 'wrong')).toBeLessThanOrEqual(0.005);
  });

  it.each(Object.keys(planted))('are judged rightly in 9 of 10 where it is: %s', (plot) => {
    const own = judged.filter((one) => one.plot === plot);
    const told = [
      ...Map.groupBy(
        own.filter(({ is }) => is !== 'right'),
        (one) => `${one.is}: ${one.told}`,
      ),
    ];
    expect(
      shareOf(own, 'right'),
      told.map(([what, all]) => `${all.length} × ${what}`).join('\n'),
    ).toBeGreaterThanOrEqual(0.9);
  });

  it('leave out no cause of the catalogue', () => {
    const expected = new Set(Object.values(planted).flatMap((make) => make(seededChance(1)).expected));
    expect([...expected].sort()).toEqual(Object.keys(causes).sort());
  });

  it('give the same verdict however often it is asked, with evidence from among the facts', () => {
    for (const [nth, make] of Object.values(planted).entries()) {
      const { facts, now } = make(seededChance(nth));
      const verdict = diagnose(facts, now);
      expect(diagnose(facts, now)).toEqual(verdict);
      for (const { position, eventId } of verdict.evidence) {
        expect(facts.some((fact) => fact.position === position && fact.eventId === eventId)).toBe(true);
      }
      expect(verdict.certain ? verdict.alternatives.filter((one) => one === verdict.cause) : []).toEqual([]);
    }
  });
});

describe('calls of whose record something was lost', () => {
  /** Those that are told alike with and without what was lost are of no interest here. */
  const changed = (['dropped', 'died'] as const).flatMap((how) =>
    Object.entries(planted).flatMap(([plot, make], nth) =>
      Array.from({ length: 60 }, (_, seed) => {
        const chance = () => seededChance(nth * 10_000 + seed);
        const whole = make(chance());
        const { facts, now, expected } = withGaps(make, how)(chance());
        const [before, after] = [diagnose(whole.facts, whole.now), diagnose(facts, now)];
        return { plot: `${plot}, ${how}`, expected, before, after };
      }).filter(({ before, after }) => before.cause !== after.cause),
    ),
  );

  it('are never judged wrongly and certainly', () => {
    expect(changed.length).toBeGreaterThan(500);
    const wrong = changed.filter(({ expected, after }) => after.certain && !expected.includes(after.cause));
    expect([...new Set(wrong.map(({ plot, after }) => `${plot}: ${after.cause}`))]).toEqual([]);
  });

  it('are told why nobody can be certain', () => {
    const gapped = Object.entries(planted).filter(([plot]) => /dropped$|the process$/.test(plot));
    expect(gapped.length).toBe(5);
    for (const [plot, make] of gapped) {
      const { facts, now } = make(seededChance(7));
      const { certain, sentence, evidence } = diagnose(facts, now);
      expect([plot, certain]).toEqual([plot, false]);
      expect(sentence).toContain(plot.endsWith('dropped') ? 'dropped what it knew of' : 'process of the server');
      expect(evidence.map(({ eventId }) => eventId)).toContain('event-of-the-gap');
    }
  });
});
