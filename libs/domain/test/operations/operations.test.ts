import { operations } from '@signalbox/domain';
import { aSweep, frozen, specFor, swept, t0 } from '@signalbox/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const given = specFor(operations);

describe('recording a sweep', () => {
  it('records what was removed, and from when to when it took', () => {
    given().when(aSweep()).then(swept());
    const removed = { sessions: 0, credentials: 0, nonces: 0, idempotencyRecords: 0, rateLimits: 0, tokens: 0 };
    given(swept())
      .when(aSweep({ sweepId: 'sweep-2', startedAt: t0 + 50, now: t0 + 60, removed }))
      .then(swept({ sweepId: 'sweep-2', startedAt: t0 + 50, finishedAt: t0 + 60, removed }));
  });

  it('does nothing when the last sweep is reported again', () =>
    given(swept())
      .when(aSweep({ now: t0 + 999 }))
      .thenNothing());
});

describe('the operations', () => {
  it('never keep a stream open', () => {
    expect(operations.isTerminal(operations.initial)).toBe(true);
    expect(operations.isTerminal(operations.evolve(operations.initial, swept()))).toBe(true);
  });

  it('record each report once, however often it comes in a row', () => {
    const reports = fc.array(fc.tuple(fc.nat({ max: 5 }), fc.nat()), { maxLength: 40 });
    fc.assert(
      fc.property(reports, (sweeps) => {
        let state = frozen(operations.initial);
        const recorded: string[] = [];
        for (const [id, now] of sweeps) {
          const command = frozen(aSweep({ sweepId: `sweep-${id}`, now }));
          const decision = operations.decide(command, state);
          expect(operations.decide(command, state)).toStrictEqual(decision);
          for (const event of decision.kind === 'accepted' ? decision.events : []) {
            if (event.type === 'SweepCompleted') recorded.push(event.data.sweepId);
            state = frozen(operations.evolve(state, frozen(event)));
          }
        }
        const withoutRepeats = sweeps.map(([id]) => `sweep-${id}`).filter((id, i, all) => id !== all[i - 1]);
        expect(recorded).toEqual(withoutRepeats);
      }),
    );
  });
});
