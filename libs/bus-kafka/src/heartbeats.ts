import type { Timers } from './options.ts';

/** Signs of life while a batch is being handled, which the library gives between batches only. */
export type Heartbeats = {
  /** Aborts when the broker no longer takes them: the partitions are being dealt out anew, or it is away. */
  readonly failed: AbortSignal;
  stop(): void;
};

export const keepBeating = (beat: () => Promise<void>, everyMs: number, timers: Timers): Heartbeats => {
  const failure = new AbortController();
  let stopped = false;
  let cancel = () => {};
  const next = () => {
    cancel = timers.after(everyMs, async () => {
      try {
        await beat();
        if (!stopped) next();
      } catch (error) {
        failure.abort(error);
      }
    });
  };
  next();
  return {
    failed: failure.signal,
    stop: () => {
      stopped = true;
      cancel();
    },
  };
};
