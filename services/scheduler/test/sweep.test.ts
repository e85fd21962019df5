import { getEventListeners } from 'node:events';
import type { OperationsCommands } from '@signalbox/commands';
import { type FakeClock, fakeClock, settle, t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type SweepOptions, sweepOnce, sweepRegularly } from '../src/app.ts';

type Recorded = Parameters<OperationsCommands['recordSweep']>;

let clock: FakeClock;
let recorded: Recorded[];
let swept: unknown[];
let asked: (readonly [string, number])[];
beforeEach(() => {
  clock = fakeClock(t0);
  recorded = [];
  swept = [];
  asked = [];
});

const removed = { sessions: 1, credentials: 2, nonces: 3, idempotencyRecords: 4, rateLimits: 5, tokens: 6 };

/** Doubles throughout: a sweep is what it asks of others. Each target takes ten milliseconds of the clock. */
const options = (over: Partial<SweepOptions> = {}): SweepOptions => {
  const target = (name: keyof typeof removed) => async (now: number) => {
    asked.push([name, now]);
    clock.set(clock.now() + 10);
    return removed[name];
  };
  return {
    everyMs: 60_000,
    targets: {
      sessions: target('sessions'),
      credentials: target('credentials'),
      nonces: target('nonces'),
      idempotencyRecords: target('idempotencyRecords'),
      rateLimits: target('rateLimits'),
      tokens: target('tokens'),
    },
    operations: {
      recordSweep: async (...sweep) => {
        recorded.push(sweep);
      },
    },
    now: () => clock.now(),
    newSweepId: () => `sweep-${recorded.length + 1}`,
    after: (ms, work) => clock.after(ms, work),
    isMine: async () => true,
    onSwept: (counts) => swept.push(counts),
    ...over,
  };
};

describe('a sweep', () => {
  it('has each part forget by the time at which the sweep began, and records what was removed', async () => {
    expect(await sweepOnce(options())).toStrictEqual(removed);
    expect(asked.toSorted()).toEqual(
      Object.keys(removed)
        .toSorted()
        .map((name) => [name, t0]),
    );
    const cause = { actor: 'system:sweeper', correlationId: 'sweep-1', causationId: 'sweep-1', trace: null };
    expect(recorded).toMatchObject([
      [
        { sweepId: 'sweep-1', startedAt: t0, removed },
        { metadata: { ...cause, authorisation: { scheme: 'internal', key: null } }, commandId: null },
      ],
    ]);
    expect(swept).toEqual([removed]);
  });

  it('that fails is thrown, and neither recorded nor counted', async () => {
    const failing = async () => {
      throw new Error('no sweeping here');
    };
    const { targets } = options();
    await expect(sweepOnce(options({ targets: { ...targets, nonces: failing } }))).rejects.toThrow('no sweeping here');
    expect([recorded, swept]).toEqual([[], []]);
  });

  it('that cannot be recorded is thrown, and not counted', async () => {
    const operations = { recordSweep: () => Promise.reject(new Error('the disk is full')) };
    await expect(sweepOnce(options({ operations }))).rejects.toThrow('the disk is full');
    expect(swept).toEqual([]);
  });
});

describe('sweeping regularly', () => {
  it('sweeps after each interval, until it is stopped, and leaves nothing behind then', async () => {
    const aborting = new AbortController();
    const ended = sweepRegularly(options(), aborting.signal);
    await settle();
    expect(recorded).toEqual([]);
    await clock.advance(59_999);
    expect(recorded).toEqual([]);
    await clock.advance(1);
    expect(recorded).toHaveLength(1);
    await clock.advance(120_000);
    expect(recorded).toHaveLength(3);
    expect(new Set(recorded.map(([{ sweepId }]) => sweepId)).size).toBe(3);
    expect(clock.pending).toBe(1);
    aborting.abort();
    await ended;
    expect([clock.pending, getEventListeners(aborting.signal, 'abort').length]).toEqual([0, 0]);
    await clock.advance(60_000);
    expect(recorded).toHaveLength(3);
  });

  it('leaves out each sweep that is another one’s', async () => {
    const aborting = new AbortController();
    const turns: number[] = [];
    const isMine = async (now: number) => turns.push(now) % 2 === 0;
    const ended = sweepRegularly(options({ isMine }), aborting.signal);
    await clock.advance(60_000);
    expect([turns, asked]).toEqual([[t0 + 60_000], []]);
    await clock.advance(60_000);
    expect(recorded).toHaveLength(1);
    expect(turns).toEqual([t0 + 60_000, t0 + 120_000]);
    aborting.abort();
    await ended;
    expect(clock.pending).toBe(0);
  });

  it('ends with the failure of a sweep', async () => {
    const operations = { recordSweep: () => Promise.reject(new Error('the disk is full')) };
    const ended = sweepRegularly(options({ operations }), new AbortController().signal);
    const outcome = expect(ended).rejects.toThrow('the disk is full');
    await clock.advance(60_000);
    await outcome;
    expect(clock.pending).toBe(0);
  });
});
