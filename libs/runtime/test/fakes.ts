import type { Chance, Clock, Timers } from '../src/index.ts';
import { createLogger } from '../src/index.ts';

/** A clock that stands still until it is moved, and timers that go off by it. */
export const fakeTime = (start = 1_700_000_000_000) => {
  let now = start;
  const waiting = new Set<{ readonly at: number; readonly work: () => void }>();
  const clock: Clock = { now: () => now, monotonic: () => now - start };
  const timers: Timers = {
    after: (ms, work) => {
      const entry = { at: now + ms, work };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
  };
  const advance = (ms: number) => {
    now += ms;
    for (const entry of [...waiting].filter(({ at }) => at <= now)) {
      waiting.delete(entry);
      entry.work();
    }
  };
  return { clock, timers, advance, waiting };
};

/** Counts instead of drawing; `fraction` is what it is told. */
export const countingChance = (fraction = 0.5): Chance => {
  let count = 0;
  const uuid = () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`;
  return { bytes: (length) => new Uint8Array(length).fill(++count), fraction: () => fraction, uuid, orderedUuid: uuid };
};

/** A logger whose lines can be read. */
export const readableLogger = (level: 'debug' | 'info' = 'debug') => {
  const texts: string[] = [];
  const logger = createLogger({
    level,
    instance: 'test-1',
    pretty: false,
    destination: { write: (text) => void texts.push(text) },
  });
  return { logger, texts, lines: () => texts.map((text) => JSON.parse(text) as Record<string, unknown>) };
};
