import { MAX_DELIVERY_EVENTS, MAX_REFUSAL_EVENTS } from '@signalbox/domain';
import { seededChance } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { RECORDED_AT_MOST } from '../src/call.ts';
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
    const started = (after: number) => ({
      ...fact(answered.position + 0.2, {
        type: 'ProcessStarted',
        data: { role: 'standalone', instance: 'one', version: '1', startedAt: at + 1 },
      }),
      at: at + after,
    });
    const inOrder = (...more: readonly Fact[]) => [...facts, ...more].sort((a, b) => a.position - b.position);
    const longAfter = started(6 * 60_000);
    expect(diagnose(inOrder(started(1)), now)).toMatchObject({ certain: false });
    expect(diagnose(inOrder(report, longAfter), now)).toMatchObject({ cause: 'answer_not_fetched', certain: true });
    // It may have taken with it what was noticed just before.
    const soon = diagnose(inOrder(report, started(1)), now);
    expect(soon).toMatchObject({ cause: 'answer_not_fetched', certain: false });
    expect(soon.alternatives).not.toContain('server_restarted');
  });

  it('what has lost its key without a word is unreadable, and nobody is said to have redacted it', () => {
    const { facts, now } = plant('redacted', 2);
    const lost = facts.filter(({ event }) => event.type !== 'SessionRedacted');
    const verdict = diagnose(lost, now);
    expect(verdict).toMatchObject({ cause: 'redacted', certain: false, outcome: 'unknown' });
    expect(verdict.evidence.map(({ says }) => says)).toEqual(['what it carries cannot be read']);
  });

  it('nobody is certain of what is missing where so much was recorded that the rest was not', () => {
    const { facts, now } = plant('answer_not_fetched', 1);
    const offer = facts.find(({ event }) => event.type === 'OfferPublished') as Fact;
    const delivery = (n: number): Fact => ({
      ...{ ...offer, position: offer.position + (n + 1) / 1_000, eventId: `d${n}` },
      event: {
        type: 'DeliveriesRecorded',
        data: {
          deliveries: [
            { to: 'bob', role: 'answerer', what: 'candidates', upTo: n + 1, firstAt: offer.at, lastAt: offer.at },
          ],
          recordedAt: offer.at,
        },
      },
    });
    const judged = (count: number) =>
      diagnose(
        [offer, ...Array.from({ length: count }, (_, n) => delivery(n)), ...facts.filter((f) => f !== offer)],
        now,
      );
    expect(judged(MAX_DELIVERY_EVENTS - 1)).toMatchObject({ cause: 'answer_not_fetched', certain: true });
    expect(judged(MAX_DELIVERY_EVENTS)).toMatchObject({ cause: 'answer_not_fetched', certain: false });
    expect([MAX_DELIVERY_EVENTS, MAX_REFUSAL_EVENTS]).toEqual(Object.values(RECORDED_AT_MOST));
  });
});
