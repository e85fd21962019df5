import { t0 } from '@signalbox/testing';
import { expect, it } from 'vitest';
import { createRig, once } from './rig.ts';

const removed = { sessions: 1, credentials: 6, nonces: 2, idempotencyRecords: 3, rateLimits: 4, tokens: 5 };
const sweep = (sweepId: string, startedAt: number) => ({ sweepId, startedAt, removed });

it('a sweep is recorded in the stream of the day on which it ended, with what it removed', async () => {
  const rig = createRig();
  rig.clock.set(Date.UTC(2026, 10, 20, 23, 59, 59, 999));
  await rig.operations.recordSweep(sweep('sweep-1', t0), once);
  await rig.clock.advance(1);
  await rig.operations.recordSweep(sweep('sweep-2', t0 + 1), once);
  const midnight = Date.UTC(2026, 10, 21);
  expect(await rig.recorded()).toStrictEqual([
    {
      ...{ stream: 'operations-2026-11-20', type: 'SweepCompleted' },
      data: { sweepId: 'sweep-1', startedAt: t0, finishedAt: midnight - 1, removed },
    },
    {
      ...{ stream: 'operations-2026-11-21', type: 'SweepCompleted' },
      data: { sweepId: 'sweep-2', startedAt: t0 + 1, finishedAt: midnight, removed },
    },
  ]);
});

it('the same sweep is recorded once', async () => {
  const rig = createRig();
  await rig.operations.recordSweep(sweep('sweep-1', t0), once);
  await rig.operations.recordSweep(sweep('sweep-1', t0), once);
  expect(await rig.recorded()).toHaveLength(1);
});

it('a sweep that cannot be recorded is a fault', async () => {
  const rig = createRig();
  rig.log.loseRaces(Number.POSITIVE_INFINITY);
  await expect(rig.operations.recordSweep(sweep('sweep-1', t0), once)).rejects.toThrow(/could not be recorded/);
  rig.log.failAfter(0);
  await expect(rig.operations.recordSweep(sweep('sweep-1', t0), once)).rejects.toMatchObject({
    code: 'LOG_UNAVAILABLE',
  });
});
