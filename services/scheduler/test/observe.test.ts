import type { ObservationCommands, OperationsCommands } from '@signalbox/commands';
import { memoryObservations } from '@signalbox/memory';
import { fakeClock, seededChance, settle, t0 } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { observeOnce, observeRegularly } from '../src/app.ts';

type Recorded = readonly [sessionId: string, discovered: unknown];

/** Doubles of the commands that remember what they were given; the sessions are `one` and `two`. */
const aRig = (fault: Error | null = null) => {
  const clock = fakeClock(t0);
  const observations = memoryObservations();
  const chance = seededChance(3);
  const recorded: Recorded[] = [];
  const operations: unknown[] = [];
  const lost: number[] = [];
  const record: ObservationCommands['record'] = async (sessionId, { discovered }, { metadata }) => {
    if (fault) throw fault;
    recorded.push([sessionId, { ...discovered, by: metadata.actor }]);
    return { kind: 'done', value: null, writes: [], changed: true };
  };
  const recordOperation: OperationsCommands['record'] = async (operation) => void operations.push(operation);
  const options = {
    ...{ observations, commands: { record }, operations: { record: recordOperation } },
    sessions: { find: async (id: string) => (['one', 'two'].includes(id) ? ({} as never) : undefined) },
    ...{ now: () => clock.now(), newId: () => chance.orderedUuid(), after: clock.after },
    onLost: (count: number) => void lost.push(count),
  };
  const shown = (sessionId: string) => observations.note({ kind: 'discovered', sessionId, at: clock.now() });
  return { clock, observations, options, recorded, operations, lost, shown };
};

describe('the observer', () => {
  it('records what is new of sessions that exist, and counts ids that nobody published', async () => {
    const { options, recorded, shown } = aRig();
    for (const id of ['one', 'made-up', 'two']) shown(id);
    expect(await observeOnce(options)).toEqual({ recorded: 2, unknown: 1 });
    const told = { firstShownAt: t0, times: 1, by: 'system:observer' };
    expect(recorded).toEqual([
      ['one', told],
      ['two', told],
    ]);
    expect(await observeOnce(options)).toEqual({ recorded: 0, unknown: 0 });
  });

  it('records failures and trips of each minute that is over', async () => {
    const { clock, options, observations, operations } = aRig();
    const minute = Math.floor(t0 / 60_000) * 60_000;
    observations.note({ kind: 'unauthenticated', reason: 'too_old', at: t0 });
    observations.note({ kind: 'limited', policy: 'write', at: t0 });
    await observeOnce(options);
    expect(operations).toEqual([]);
    await clock.advance(60_000);
    await observeOnce(options);
    expect(operations).toEqual([
      { type: 'AuthenticationFailuresCounted', data: { minute, counts: [{ name: 'too_old', count: 1 }] } },
      { type: 'LimitTripsCounted', data: { minute, counts: [{ name: 'write', count: 1 }] } },
    ]);
  });

  it('leaves out what was erased while it was on its way', async () => {
    const { options, lost, shown } = aRig(Object.assign(new Error('The key is gone.'), { code: 'KEY_DESTROYED' }));
    shown('one');
    expect(await observeOnce(options)).toMatchObject({ recorded: 0 });
    expect(lost).toEqual([]);
  });

  it('hands on a fault of the log, and tells how much was lost by it', async () => {
    const { options, lost, shown } = aRig(new Error('the log is away'));
    shown('one');
    await expect(observeOnce(options)).rejects.toThrow('the log is away');
    expect(lost).toEqual([1]);
  });

  it('looks about once a second until it is stopped, and then once more', async () => {
    const { clock, options, recorded, shown } = aRig();
    const stop = new AbortController();
    let rounds = 0;
    const work = observeRegularly(options, stop.signal, () => void rounds++);
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
