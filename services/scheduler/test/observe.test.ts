import type { ObservationCommands, OperationsCommands } from '@signalbox/commands';
import { memoryObservations } from '@signalbox/memory';
import { fakeClock, seededChance, settle, t0 } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { createObserver, observeRegularly } from '../src/app.ts';

type Recorded = readonly [sessionId: string, discovered: unknown];

/** Doubles of the commands that remember what they were given; the sessions are `one` and `two`. */
const aRig = (given: Error | null = null, bounds = { maxSessions: 100 }) => {
  const state = { fault: given, isErased: false, goodOperations: Number.POSITIVE_INFINITY };
  const clock = fakeClock(t0);
  const observations = memoryObservations(bounds);
  const chance = seededChance(3);
  const recorded: Recorded[] = [];
  const operations: unknown[] = [];
  const lost: number[] = [];
  const record: ObservationCommands['record'] = async (sessionId, { discovered }, { metadata }) => {
    if (state.fault) throw state.fault;
    if (state.isErased) return { kind: 'refused', refusal: { code: 'offer_not_found' } };
    recorded.push([sessionId, { ...discovered, by: metadata.actor }]);
    return { kind: 'done', value: null, writes: [], changed: true };
  };
  const recordOperation: OperationsCommands['record'] = async (operation) => {
    if (state.fault) throw state.fault;
    if (state.goodOperations-- <= 0) throw new Error('the log is full');
    operations.push(operation);
  };
  const options = {
    ...{ observations, commands: { record }, operations: { record: recordOperation } },
    sessions: { find: async (id: string) => (['one', 'two'].includes(id) ? ({} as never) : undefined) },
    ...{ now: () => clock.now(), newId: () => chance.orderedUuid() },
    onLost: (count: number) => void lost.push(count),
  };
  const shown = (sessionId: string) => observations.note({ kind: 'discovered', sessionId, at: clock.now() });
  const observer = createObserver(options);
  return { clock, observations, observer, state, recorded, operations, lost, shown };
};

describe('the observer', () => {
  it('records what is new of sessions that exist, and counts ids that nobody published', async () => {
    const { observer, recorded, shown } = aRig();
    for (const id of ['one', 'made-up', 'two']) shown(id);
    expect(await observer.observe()).toEqual({ recorded: 2, unknown: 1 });
    const told = { firstShownAt: t0, times: 1, by: 'system:observer' };
    expect(recorded).toEqual([
      ['one', told],
      ['two', told],
    ]);
    expect(await observer.observe()).toEqual({ recorded: 0, unknown: 0 });
  });

  it('records failures and trips of each minute that is over', async () => {
    const { clock, observer, observations, operations } = aRig();
    const minute = Math.floor(t0 / 60_000) * 60_000;
    observations.note({ kind: 'unauthenticated', reason: 'too_old', at: t0 });
    observations.note({ kind: 'limited', policy: 'write', at: t0 });
    await observer.observe();
    expect(operations).toEqual([]);
    await clock.advance(60_000);
    await observer.observe();
    expect(operations).toEqual([
      { type: 'AuthenticationFailuresCounted', data: { minute, counts: [{ name: 'too_old', count: 1 }] } },
      { type: 'LimitTripsCounted', data: { minute, counts: [{ name: 'write', count: 1 }] } },
    ]);
  });

  it('keeps the minutes that it has taken while sessions cannot be recorded, and records each once', async () => {
    const { clock, observer, observations, state, operations, shown } = aRig(new Error('the log is away'));
    observations.note({ kind: 'unauthenticated', reason: 'too_old', at: t0 });
    observations.note({ kind: 'limited', policy: 'write', at: t0 });
    await clock.advance(60_000);
    shown('one');
    await expect(observer.observe()).rejects.toThrow('the log is away');
    state.fault = null;
    state.goodOperations = 1;
    await expect(observer.observe()).rejects.toThrow('the log is full');
    state.goodOperations = 10;
    await observer.observe();
    const types = operations.map((one) => (one as { readonly type: string }).type);
    expect(types).toEqual(['AuthenticationFailuresCounted', 'LimitTripsCounted', 'ObservationsDropped']);
  });

  it('keeps of the minutes the newest, when the log is away for long', async () => {
    const { clock, observer, observations, state, operations, shown } = aRig(new Error('the log is away'));
    const begin = Math.floor(t0 / 60_000) * 60_000;
    for (let round = 0; round < 11; round++) {
      for (let minute = 0; minute < 100; minute++) {
        observations.note({ kind: 'limited', policy: 'write', at: clock.now() });
        await clock.advance(60_000);
      }
      shown(round % 2 === 0 ? 'one' : 'two');
      await observer.observe().catch(() => undefined);
    }
    state.fault = null;
    await observer.observe();
    const minutes = operations.map((one) => (one as { readonly data: { readonly minute?: number } }).data.minute);
    expect([minutes.length, minutes[0], minutes[999]]).toEqual([
      1_000 + 1,
      begin + 100 * 60_000,
      begin + 1_099 * 60_000,
    ]);
  });

  it('counts what was erased long ago, and what the read models still show, to what there is nothing of', async () => {
    const { observer, state, lost, shown } = aRig();
    state.isErased = true;
    shown('one');
    expect(await observer.observe()).toEqual({ recorded: 0, unknown: 1 });
    expect(lost).toEqual([]);
  });

  it('leaves out what was erased while it was on its way', async () => {
    const { observer, lost, shown } = aRig(Object.assign(new Error('The key is gone.'), { code: 'KEY_DESTROYED' }));
    shown('one');
    expect(await observer.observe()).toMatchObject({ recorded: 0 });
    expect(lost).toEqual([]);
  });

  it('hands on a fault of the log, and tells how much was lost by it', async () => {
    const { observer, lost, shown } = aRig(new Error('the log is away'));
    shown('one');
    await expect(observer.observe()).rejects.toThrow('the log is away');
    expect(lost).toEqual([1]);
  });

  it('records at once that something was dropped, and again only when a minute is over, with how much it was', async () => {
    const { clock, observer, operations, lost, shown } = aRig(null, { maxSessions: 1 });
    let made = 0;
    const drop = async (count: number) => {
      for (let i = 0; i <= count; i++) shown(`session-${made++}`);
      await observer.observe();
    };
    await drop(0);
    expect(operations).toEqual([]);
    await drop(2);
    const first = { from: t0 - 10_000, to: t0 + 60_000, sessions: 2 };
    expect(operations).toEqual([{ type: 'ObservationsDropped', data: first }]);
    await clock.advance(1_000);
    await drop(3);
    await clock.advance(58_999);
    await drop(1);
    expect(operations).toHaveLength(1);
    await clock.advance(1);
    await drop(0);
    const second = { from: t0 - 9_000, to: t0 + 120_000, sessions: 4 };
    expect(operations.slice(1)).toEqual([{ type: 'ObservationsDropped', data: second }]);
    await clock.advance(600_000);
    await drop(0);
    expect(operations).toHaveLength(2);
    expect(lost).toEqual([2, 3, 1]);
  });

  it('tells of what a fault of the log has lost when the log is back', async () => {
    const { clock, observer, state, operations, shown } = aRig(new Error('the log is away'));
    shown('one');
    shown('two');
    await expect(observer.observe()).rejects.toThrow('the log is away');
    await clock.advance(30_000);
    await expect(observer.observe()).rejects.toThrow('the log is away');
    state.fault = null;
    await clock.advance(1_000);
    await observer.observe();
    const data = { from: t0 - 10_000, to: t0 + 91_000, sessions: 2 };
    expect(operations).toEqual([{ type: 'ObservationsDropped', data }]);
  });

  it('tells of losses also when the clock went ahead and back again since the last time', async () => {
    const { clock, observer, operations, shown } = aRig(null, { maxSessions: 1 });
    const jump = 3_600_000;
    const drop = async (at: number) => {
      clock.set(at);
      for (const id of ['a', 'b']) shown(id + at);
      await observer.observe();
    };
    await drop(t0 + jump);
    await drop(t0 + 1_000);
    await drop(t0 + 1_001);
    expect(operations.slice(1)).toEqual([
      { type: 'ObservationsDropped', data: { from: t0 - 9_000, to: t0 + 61_000, sessions: 1 } },
    ]);
  });

  it('speaks for the present also of what was noticed while the clock was ahead', async () => {
    const { clock, observer, operations, shown } = aRig(null, { maxSessions: 1 });
    clock.set(t0 + 3_600_000);
    for (const id of ['one', 'two']) shown(id);
    clock.set(t0);
    await observer.observe();
    const data = { from: t0 - 10_000, to: t0 + 60_000, sessions: 1 };
    expect(operations).toEqual([{ type: 'ObservationsDropped', data }]);
  });

  it('looks about once a second until it is stopped, and then once more', async () => {
    const { clock, observer, recorded, shown } = aRig();
    const stop = new AbortController();
    let rounds = 0;
    const work = observeRegularly({ after: clock.after }, observer, stop.signal, () => void rounds++);
    shown('one');
    await clock.advance(1_000);
    await settle();
    expect(recorded).toHaveLength(1);
    await clock.advance(1_000);
    await settle();
    expect(rounds).toBe(2);
    shown('two');
    stop.abort();
    await work;
    expect(recorded).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });
});
