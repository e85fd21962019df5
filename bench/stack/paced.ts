import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@signalbox/runtime';

/**
 * Begins work at a steady pace, whether or not what was begun before is done. Resolves when all of it is; answers with
 * how many seconds that took.
 */
export const paced = async (perSecond: number, seconds: number, work: (index: number) => Promise<void>) => {
  const startedAt = systemClock.monotonic();
  const begun: Promise<void>[] = [];
  const count = Math.round(perSecond * seconds);
  for (let index = 0; index < count; index++) {
    const waitMs = startedAt + (index * 1_000) / perSecond - systemClock.monotonic();
    if (waitMs > 0) await sleep(waitMs);
    const one = work(index);
    one.catch(() => undefined); // told when all have been begun
    begun.push(one);
  }
  await Promise.all(begun);
  return (systemClock.monotonic() - startedAt) / 1_000;
};
