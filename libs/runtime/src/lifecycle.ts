import closeWithGrace from 'close-with-grace';
import type { Logger } from './logger.ts';
import type { Clock } from './time.ts';

/** One part of the end, such as `stop listening`. */
export type ClosingStep = { readonly name: string; readonly close: () => Promise<void> | void };

export interface Lifecycle {
  /** Ends the process as a signal would. */
  stop(): void;
  /** Forgets the handlers: the process is somebody else's to end. */
  uninstall(): void;
}

/**
 * Ends the process in order: on a signal the steps run one after another, then it exits with 0. It exits with 1 when a
 * step failed (the others still run), when they take longer than `deadlineMs` in all, on a second signal, and after
 * an error that nobody caught: that is logged, and the steps are run all the same.
 */
export const endInOrder = (options: {
  readonly steps: readonly ClosingStep[];
  readonly deadlineMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
}): Lifecycle => {
  const { logger, clock, deadlineMs } = options;
  const closing = closeWithGrace(
    {
      delay: deadlineMs,
      logger: false,
      skip: ['beforeExit'],
      onSecondSignal: (signal) => logger.fatal({ signal }, 'told to stop a second time, so leaving without the rest'),
      onSecondError: (error) =>
        logger.fatal({ err: error }, 'failed again while stopping, so leaving without the rest'),
      onTimeout: (ms) => logger.fatal({ deadlineMs: ms }, 'stopping took too long, so leaving without the rest'),
    },
    async ({ err, signal }) => {
      if (err) logger.fatal({ err }, 'an error that nobody caught: stopping');
      else logger.info({ signal }, 'stopping');
      await runSteps(options.steps, logger, clock);
    },
  );
  return { stop: () => closing.close(), uninstall: () => closing.uninstall() };
};

/** Runs every step, even after one has failed, and throws at the end when one did. */
const runSteps = async (steps: readonly ClosingStep[], logger: Logger, clock: Clock): Promise<void> => {
  const failed: string[] = [];
  for (const step of steps) {
    const startedAt = clock.monotonic();
    try {
      await step.close();
      logger.debug({ step: step.name, ms: Math.round(clock.monotonic() - startedAt) }, 'closed');
    } catch (error) {
      failed.push(step.name);
      logger.error({ err: error, step: step.name }, 'could not close');
    }
  }
  if (failed.length > 0) throw new Error(`Could not close: ${failed.join(', ')}`);
  logger.info('stopped');
};
