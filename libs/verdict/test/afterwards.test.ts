import { seededChance } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { diagnose, type Fact } from '../src/index.ts';
import { planted } from './planted.ts';

const plant = (plot: string, seed: number) => {
  const made = planted[plot]?.(seededChance(seed));
  if (!made) throw new Error(`There is no plot ${plot}.`);
  return made;
};

describe('what comes afterwards', () => {
  it('a server that starts after somebody gave up was not why', () => {
    const { facts, now } = plant('answer_not_fetched', 1);
    const last = facts.at(-1) as Fact;
    const answered = facts.find(({ event }) => event.type === 'OfferAnswered') as Fact;
    const at = answered.at + 1;
    const fact = (position: number, event: Fact['event']): Fact => ({ ...last, position, at, event });
    const report = fact(answered.position + 0.1, {
      type: 'ConnectionReported',
      data: {
        ...{ by: 'answerer', role: 'answerer', reportedAt: at, outcome: 'failed' },
        ...{ localCandidateType: null, remoteCandidateType: null, roundTripTimeMs: null },
        ...{ iceConnectionState: null, iceGatheringState: null, connectionState: null },
      },
    } as Fact['event']);
    const started = {
      ...fact(answered.position + 0.2, {
        type: 'ProcessStarted',
        data: { role: 'standalone', instance: 'one', version: '1', startedAt: at + 1 },
      }),
      at: at + 1,
    };
    const inOrder = (...more: readonly Fact[]) => [...facts, ...more].sort((a, b) => a.position - b.position);
    expect(diagnose(inOrder(started), now)).toMatchObject({ certain: false });
    expect(diagnose(inOrder(report, started), now)).toMatchObject({ cause: 'answer_not_fetched', certain: true });
  });

  it('what has lost its key without a word is unreadable, and nobody is said to have redacted it', () => {
    const { facts, now } = plant('redacted', 2);
    const lost = facts.filter(({ event }) => event.type !== 'SessionRedacted');
    const verdict = diagnose(lost, now);
    expect(verdict).toMatchObject({ cause: 'redacted', certain: false, outcome: 'unknown' });
    expect(verdict.evidence.map(({ says }) => says)).toEqual(['what it carries cannot be read']);
  });
});
