import type { Timers } from './options.ts';

/** Notices that something gives no sign of life any more. */
export type SilenceWatch = { heard(): void; stop(): void };

/** Calls `onSilence` when nothing has been heard for `ms`, counted from the last sign; not before the first. */
export const watchForSilence = (ms: number, timers: Timers, onSilence: () => void): SilenceWatch => {
  let cancel = () => {};
  return {
    heard: () => {
      cancel();
      cancel = timers.after(ms, onSilence);
    },
    stop: () => cancel(),
  };
};
