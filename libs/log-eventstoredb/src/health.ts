import type { Timers } from './attempts.ts';
import { messageOf } from './errors.ts';

/** How long after a failure the connection is tried again, when nobody else does. */
const PROBE_MS = 1_000;

/**
 * What is wrong with the connection, from a failure on until something has been answered again. A process that says it
 * is not ready gets no requests, so the connection is tried from here.
 */
export const createHealth = (options: {
  readonly timers: Timers;
  readonly onTrouble: (error: unknown) => void;
  /** A cheap call. It reports its own failures and its answer. */
  readonly probe: () => Promise<unknown>;
}) => {
  let fault: string | null = null;
  let ended = false;
  let callOff: (() => void) | null = null;

  const probeLater = () => {
    callOff ??= options.timers.after(PROBE_MS, () => {
      const again = () => {
        callOff = null;
        if (fault !== null && !ended) probeLater();
      };
      void options.probe().then(again, again);
    });
  };

  return {
    get fault() {
      return fault;
    },
    failed: (error: unknown): void => {
      fault = messageOf(error);
      options.onTrouble(error);
      if (!ended) probeLater();
    },
    answered: (): void => {
      fault = null;
    },
    end: (): void => {
      ended = true;
      callOff?.();
    },
  };
};
