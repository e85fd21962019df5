import type { StreamName } from '@signalbox/event-sourcing';
import { describe, expect, it } from 'vitest';
import { answerOne, aReport, createRig, once, type Rig, retryable } from './rig.ts';

const given = (upTo: number) =>
  ({
    ...{ discovered: null, refusals: [] },
    deliveries: [{ to: 'alice', role: 'offerer', what: 'candidates', upTo, firstAt: 1_000, lastAt: 1_000 }],
  }) as const;

const nothing = { discovered: null, deliveries: [], refusals: [] };

/** What is read from the log from now on. */
const readsOf = (rig: Rig): (readonly [StreamName, number | undefined])[] => {
  const reads: (readonly [StreamName, number | undefined])[] = [];
  const { readStream } = rig.log;
  rig.log.readStream = (stream, range) => {
    reads.push([stream, range?.from]);
    return readStream(stream, range);
  };
  return reads;
};

describe('what was seen around a session', () => {
  it('is recorded after one look at the rest of the session, and without another one from then on', async () => {
    const rig = createRig();
    const id = await answerOne(rig);
    const reads = readsOf(rig);
    for (const upTo of [1, 2, 3]) {
      expect(await rig.observations.record(id, given(upTo), once)).toMatchObject({ kind: 'done', changed: true });
    }
    expect(reads).toEqual([
      [`observation-${id}`, undefined],
      [`session-${id}`, 1],
    ]);
  });

  it('costs no look at the session when there is nothing to record', async () => {
    const rig = createRig();
    const id = await answerOne(rig);
    const reads = readsOf(rig);
    expect(await rig.observations.record(id, nothing, once)).toMatchObject({ kind: 'done', changed: false });
    expect(reads).toEqual([[`observation-${id}`, undefined]]);
  });

  it('is recorded once when it is reported again, also as the first of its session', async () => {
    const rig = createRig();
    const id = await answerOne(rig);
    const report = () => rig.observations.report('bob', id, 'answerer', aReport, retryable('report-1'));
    expect([await report(), await report()]).toMatchObject([
      { kind: 'done', changed: true },
      { kind: 'done', changed: false },
    ]);
    expect((await rig.recorded()).filter(({ type }) => type === 'ConnectionReported')).toHaveLength(1);
  });

  it('is recorded after what another process has begun meanwhile', async () => {
    const rig = createRig();
    const id = await answerOne(rig);
    rig.log.loseRaces(1);
    expect(await rig.observations.record(id, given(1), once)).toMatchObject({ kind: 'done', changed: true });
  });
});
