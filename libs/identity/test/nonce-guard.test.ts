import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nonceGuard } from '../src/index.ts';
import { crashableNonceStore, t0 } from './examples.ts';

const windowMs = 60_000;

const guardAt = (at: number, refuseSignedBefore = 0) => {
  const clock = { now: at };
  const store = crashableNonceStore();
  return { clock, store, guard: nonceGuard({ store, now: () => clock.now, windowMs, refuseSignedBefore }) };
};

describe('freshness', () => {
  const { guard } = guardAt(t0, t0 - 30_000);
  const cases = [
    { signed: -60_001, freshness: 'too_old' },
    { signed: -60_000, freshness: 'before_start' },
    { signed: -30_001, freshness: 'before_start' },
    { signed: -30_000, freshness: 'fresh' },
    { signed: 0, freshness: 'fresh' },
    { signed: 60_000, freshness: 'fresh' },
    { signed: 60_000.5, freshness: 'too_far_ahead' },
    { signed: 60_001, freshness: 'too_far_ahead' },
  ] as const;
  for (const { signed, freshness } of cases) {
    it(`of what was signed ${signed} ms from now, 30 s after the start, is ${freshness}`, () => {
      expect(guard.check(t0 + signed)).toBe(freshness);
    });
  }

  it('holds to the very end of the window when nothing was signed before the start', () => {
    expect(guardAt(t0).guard.check(t0 - 60_000)).toBe('fresh');
    expect(guardAt(t0).guard.check(t0 - 60_000.5)).toBe('too_old');
  });

  it('is never granted to what is no number', () => {
    expect([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(guard.check)).toEqual([
      'too_old',
      'too_far_ahead',
      'too_old',
    ]);
  });
});

describe('a nonce', () => {
  it('is good once for a key, and still good for another key', async () => {
    const { guard } = guardAt(t0);
    const claims = [
      guard.claim('ann', 'n', t0),
      guard.claim('ann', 'n', t0),
      guard.claim('ann', 'n', t0 - 5),
      guard.claim('bob', 'n', t0),
      guard.claim('ann', 'm', t0),
    ];
    expect(await Promise.all(claims)).toEqual([true, false, false, true, true]);
  });

  it('is kept durably exactly when it was signed at or ahead of the clock, and until its request is too old', async () => {
    const { guard, store } = guardAt(t0);
    for (const ahead of [-60_000, -1, -0.5, 0, 0.5, 60_000]) await guard.claim('ann', `n${ahead}`, t0 + ahead);
    expect(store.claims).toEqual([
      { key: 'ann', nonce: 'n-60000', expiresAt: t0 + 1, durable: false },
      { key: 'ann', nonce: 'n-1', expiresAt: t0 + 60_000, durable: false },
      { key: 'ann', nonce: 'n-0.5', expiresAt: t0 + 60_000, durable: false },
      { key: 'ann', nonce: 'n0', expiresAt: t0 + 60_001, durable: true },
      { key: 'ann', nonce: 'n0.5', expiresAt: t0 + 60_001, durable: true },
      { key: 'ann', nonce: 'n60000', expiresAt: t0 + 120_001, durable: true },
    ]);
  });

  it('is not given to a request that has grown too old since it was checked', async () => {
    const { guard, clock, store } = guardAt(t0);
    expect(guard.check(t0 - 60_000)).toBe('fresh');
    clock.now = t0 + 1;
    expect(await guard.claim('ann', 'n', t0 - 60_000)).toBe(false);
    expect(store.claims).toEqual([]);
  });

  it('is remembered at the last moment of its window and swept after it', async () => {
    const { guard, clock } = guardAt(t0);
    await guard.claim('ann', 'n', t0);
    clock.now = t0 + 60_000;
    expect(await guard.sweep()).toBe(0);
    expect(await guard.claim('ann', 'n', t0)).toBe(false);
    clock.now = t0 + 60_002;
    expect(await guard.sweep()).toBe(1);
    expect(guard.check(t0)).toBe('too_old');
  });

  it('does not come back when the clock is set back after a sweep', async () => {
    const { guard, clock } = guardAt(t0);
    await guard.claim('ann', 'n', t0);
    clock.now = t0 + 120_000;
    expect(await guard.sweep()).toBe(1);
    clock.now = t0 + 1_000;
    expect(guard.check(t0)).toBe('too_old');
    expect(guard.check(t0 + 60_000)).toBe('fresh');
    expect(await guard.claim('ann', 'n', t0)).toBe(false);
  });
});

/**
 * A server with a log, killed and started again, and clients whose clocks are wrong by up to two minutes, some of
 * them signing in whole seconds. An attacker sees every request and sends any of them again at any time.
 */
type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'request'; readonly skewMs: number; readonly wholeSeconds: boolean; readonly records: boolean }
  | { readonly do: 'replay'; readonly which: number }
  | { readonly do: 'sweep' }
  | { readonly do: 'restart'; readonly downMs: number; readonly clockStepMs: number };

const step = (clockStepMs: fc.Arbitrary<number>): fc.Arbitrary<Step> =>
  fc.oneof(
    fc.record({ do: fc.constant('wait' as const), ms: fc.oneof(fc.nat(5), fc.nat(2_000), fc.nat(130_000)) }),
    fc.record({
      do: fc.constant('request' as const),
      skewMs: fc.oneof(
        fc.integer({ min: -3, max: 3 }),
        fc.integer({ min: -2_000, max: 2_000 }),
        fc.integer({ min: -120_000, max: 120_000 }),
      ),
      wholeSeconds: fc.boolean(),
      records: fc.boolean(),
    }),
    { weight: 2, arbitrary: fc.record({ do: fc.constant('replay' as const), which: fc.nat(1_000) }) },
    fc.record({ do: fc.constant('sweep' as const) }),
    fc.record({
      do: fc.constant('restart' as const),
      downMs: fc.oneof(fc.nat(3), fc.nat(1_500), fc.nat(70_000)),
      clockStepMs,
    }),
  );

type Captured = {
  readonly timestamp: number;
  readonly nonce: string;
  readonly records: boolean;
  accepted: number;
  recorded: number;
};

const play = async (steps: readonly Step[]): Promise<readonly Captured[]> => {
  const clock = { now: t0 };
  const log = { lastRecordedAt: t0 - 1_000_000 };
  const record = () => {
    log.lastRecordedAt = Math.max(log.lastRecordedAt, clock.now);
  };
  const store = crashableNonceStore();
  const start = () =>
    nonceGuard({
      store,
      now: () => clock.now,
      windowMs,
      refuseSignedBefore: Math.max(clock.now, log.lastRecordedAt + 1),
    });
  let guard = start();
  const captured: Captured[] = [];
  const deliver = async (request: Captured) => {
    if (guard.check(request.timestamp) !== 'fresh') return;
    if (!(await guard.claim('ann', request.nonce, request.timestamp))) return;
    request.accepted++;
    if (!request.records) return;
    record();
    request.recorded++;
  };

  for (const one of steps) {
    if (one.do === 'wait') clock.now += one.ms;
    if (one.do === 'request') {
      const signedAt = clock.now + one.skewMs;
      const timestamp = one.wholeSeconds ? Math.floor(signedAt / 1000) * 1000 : signedAt;
      const request = { timestamp, nonce: `n${captured.length}`, records: one.records, accepted: 0, recorded: 0 };
      captured.push(request);
      await deliver(request);
    }
    if (one.do === 'replay' && captured.length > 0) await deliver(captured[one.which % captured.length] as Captured);
    if (one.do === 'sweep') {
      await guard.sweep();
      record();
    }
    if (one.do === 'restart') {
      store.crash();
      clock.now += one.downMs + one.clockStepMs;
      guard = start();
    }
  }
  return captured;
};

describe('a request that was captured', () => {
  it('is never accepted twice, whatever is killed when and whoever’s clock is wrong', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step(fc.constant(0)), { maxLength: 60 }), async (steps) => {
        expect((await play(steps)).filter((request) => request.accepted > 1)).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never changes anything twice, even when the clock is set back or forth between two runs', async () => {
    const clockStep = fc.oneof(
      fc.constant(0),
      fc.integer({ min: -5_000, max: 5_000 }),
      fc.integer({ min: -300_000, max: 300_000 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step(clockStep), { maxLength: 60 }), async (steps) => {
        expect((await play(steps)).filter((request) => request.recorded > 1)).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is refused after a kill in the second in which it was signed, however soon', async () => {
    const steps: Step[] = [
      { do: 'wait', ms: 300 },
      { do: 'request', skewMs: 0, wholeSeconds: true, records: true },
      { do: 'wait', ms: 1 },
      { do: 'restart', downMs: 0, clockStepMs: 0 },
      { do: 'replay', which: 0 },
    ];
    expect(await play([{ do: 'restart', downMs: 0, clockStepMs: 0 }, { do: 'wait', ms: 1_000 }, ...steps])).toEqual([
      { timestamp: t0 + 1_000, nonce: 'n0', records: true, accepted: 1, recorded: 1 },
    ]);
  });
});

describe('a client whose clock is right', () => {
  it('is served from the first full second after a start on, and at once when it signs in milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: t0, max: t0 + 5_000 }), fc.nat(3_000), (start, later) => {
        const { guard } = guardAt(start + later, start);
        expect(guard.check(start + later)).toBe('fresh');
        const created = Math.floor((start + later) / 1000) * 1000;
        expect(guard.check(created)).toBe(created < start ? 'before_start' : 'fresh');
        if (later >= 1_000) expect(guard.check(created)).toBe('fresh');
      }),
    );
  });

  it('never waits for a disk when it signs in whole seconds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: t0 + 1, max: t0 + 999 }), async (at) => {
        const { guard, store } = guardAt(at);
        await guard.claim('ann', 'n', Math.floor(at / 1000) * 1000);
        expect(store.claims.map((claim) => claim.durable)).toEqual([false]);
      }),
    );
  });
});
