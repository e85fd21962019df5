import { Readable, Writable } from 'node:stream';
import { systemChance, systemTimers } from '@signalbox/runtime';
import { describe, expect, it } from 'vitest';
import type { Host } from '../src/host.ts';
import { createProgress } from '../src/progress.ts';

/** What is told, of a progress that comes to each of these positions at its time. */
const told = (
  given: {
    readonly isTerminal?: boolean;
    readonly isPiped?: boolean;
    readonly asLines?: boolean;
    readonly columns?: number;
  },
  steps: readonly (readonly [atMs: number, position: number])[],
  total = 2_000,
): readonly string[] => {
  const texts: string[] = [];
  let now = 0;
  const host: Host = {
    ...{ env: {}, args: [], version: '', isPiped: given.isPiped ?? false, columns: given.columns ?? 80 },
    isTerminal: { stdin: false, stdout: false, stderr: given.isTerminal ?? false },
    ...{ stdin: () => Readable.from([]), stdout: new Writable(), stderr: (text) => texts.push(text) },
    ...{ clock: { now: () => now, monotonic: () => now }, timers: systemTimers, chance: systemChance },
  };
  const progress = createProgress('Working', host, { asLines: given.asLines ?? false });
  for (const [at, position] of steps) {
    now = at;
    progress.at(position, total);
  }
  progress.end();
  progress.end();
  return texts;
};

describe('progress', () => {
  it('is a bar on a terminal, drawn ten times a second at most, and leaves a clean line', () => {
    expect(
      told({ isTerminal: true }, [
        [0, 0],
        [50, 400],
        [100, 1_000],
        [220, 2_000],
      ]),
    ).toEqual([
      '\rWorking [------------------------------]   0 %  position 0 of 2,000\u001b[K',
      '\rWorking [###############---------------]  50 %  position 1,000 of 2,000\u001b[K',
      '\rWorking [##############################] 100 %  position 2,000 of 2,000\u001b[K',
      '\r\u001b[K',
    ]);
  });

  it('never takes more than a line', () => {
    const [first] = told({ isTerminal: true, columns: 20 }, [[0, 0]]);
    expect(first).toBe('\rWorking [----------\u001b[K');
  });

  it('is whole for an empty log', () => {
    expect(told({ isTerminal: true }, [[0, 0]], 0)[0]).toContain('] 100 %  position 0 of 0');
  });

  it('is nothing elsewhere, nor where the program behind the pipe has a bar', () => {
    expect(
      told({}, [
        [0, 0],
        [60_000, 1],
      ]),
    ).toEqual([]);
    expect(
      told({ isTerminal: true, isPiped: true }, [
        [0, 0],
        [60_000, 1],
      ]),
    ).toEqual([]);
  });

  it('is a line every five seconds when it is asked for, on a terminal too', () => {
    const steps = [
      [0, 0],
      [4_999, 400],
      [5_000, 1_000],
      [9_999, 1_500],
      [10_500, 1_999],
    ] as const;
    const lines = ['Working 50 %  position 1,000 of 2,000\n', 'Working 99 %  position 1,999 of 2,000\n'];
    expect(told({ asLines: true }, steps)).toEqual(lines);
    expect(told({ asLines: true, isTerminal: true, isPiped: true }, steps)).toEqual(lines);
  });
});
