import type { Host } from './host.ts';

/** How far something has come, told to a person. */
export type Progress = {
  /** `done` of `total` positions of the log. */
  readonly at: (done: number, total: number) => void;
  /** Leaves a clean line behind. To be called in any case, and before anything else is said. */
  readonly end: () => void;
};

const BAR_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;
const BAR_WIDTH = 30;

/**
 * A bar on a terminal, unless what is written is read by another program, which has one itself. Elsewhere nothing, or
 * with `asLines` a line every few seconds.
 */
export const createProgress = (
  what: string,
  { stderr, isTerminal, isPiped, columns, clock }: Host,
  { asLines }: { readonly asLines: boolean },
): Progress => {
  const isBar = isTerminal.stderr && !isPiped && !asLines;
  const everyMs = isBar ? BAR_EVERY_MS : LINE_EVERY_MS;
  let last = isBar ? Number.NEGATIVE_INFINITY : clock.monotonic();
  let isShown = false;
  return {
    at: (done, total) => {
      if (!isBar && !asLines) return;
      const now = clock.monotonic();
      if (now - last < everyMs) return;
      last = now;
      const share = total === 0 ? 1 : Math.min(done / total, 1);
      const text = `${String(Math.floor(share * 100)).padStart(3)} %  position ${shown(done)} of ${shown(total)}`;
      if (!isBar) return stderr(`${what} ${text.trim()}\n`);
      const full = Math.round(share * BAR_WIDTH);
      const line = `${what} [${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}] ${text}`;
      stderr(`\r${line.slice(0, Math.max(columns - 1, 1))}\u001b[K`);
      isShown = true;
    },
    end: () => {
      if (isShown) stderr('\r\u001b[K');
      isShown = false;
    },
  };
};

/** 1234567 as people read it. */
export const shown = (number: number): string => number.toLocaleString('en');

/** A number of things as people read it. */
export const counted = (number: number, thing: string): string => `${shown(number)} ${thing}${number === 1 ? '' : 's'}`;
