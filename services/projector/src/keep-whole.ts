import { type Logger, type Metrics, pause, type Timers } from '@signalbox/runtime';
import type { AllViews } from './app.ts';
import { type NewViews, type Progress, type Reading, rebuild, repair } from './rebuild.ts';

/** The read models of the stack, as a whole. */
export type ReadModels = {
  readonly live: AllViews;
  /** The same, for what is shown again: while something may be missing, they alone take writes. */
  readonly repaired: AllViews;
  /** False: there are none, and they have to be built from the log. */
  exist(): Promise<boolean>;
  /** New ones beside them; null while another process is filling some. */
  begin(): Promise<NewViews | null>;
  /** Drops what is neither live nor being filled. */
  dropOthers(): Promise<void>;
  /** Null while the store can't have lost anything; otherwise after which position the log has to be shown again. */
  lostAfter(): Promise<{ readonly position: number; readonly restored: (upTo: number) => Promise<void> } | null>;
  /** True for one process, once for each time that somebody wants them built anew. */
  isRebuildWanted(): Promise<boolean>;
  /** What the rebuild that was asked for is called by whoever did; null when they gave it no name. */
  requestedAs(): Promise<string | null>;
  report(state: 'running' | 'done' | 'failed', progress: Progress): Promise<void>;
};

/** A rebuild that somebody asked for and that is over. Times are epoch milliseconds. */
export type Rebuilt = Omit<Progress, 'head'> & {
  readonly rebuildId: string | null;
  readonly startedAt: number;
  readonly finishedAt: number;
};

const LOOK_EVERY_MS = 500;

const NOTHING: Progress = { events: 0, position: 0, head: 0 };

/**
 * Sees to it that there are read models, whatever becomes of the store that holds them: builds them where there are
 * none, shows again what a restarted store may have lost, and builds them anew when somebody asks. Runs until `signal`
 * aborts; throws when something fails, to be called again.
 */
export const keepWhole = async (
  options: {
    readonly readModels: ReadModels;
    readonly reading: Omit<Reading, 'onProgress' | 'signal'>;
    readonly metrics: Pick<Metrics, 'rebuilt'>;
    readonly logger: Logger;
    readonly timers: Timers;
    readonly now: () => number;
    /** Puts it into the log. */
    readonly record: (rebuilt: Rebuilt) => Promise<void>;
  },
  signal: AbortSignal,
  healthy: () => void,
): Promise<void> => {
  const { readModels, metrics, logger, timers, now } = options;
  const reading = (onProgress: (progress: Progress) => void): Reading => ({
    ...options.reading,
    signal,
    onProgress: (progress, added) => {
      metrics.rebuilt(added);
      onProgress(progress);
    },
  });

  const record = async ({ events, position }: Progress, startedAt: number): Promise<void> => {
    try {
      const rebuildId = await readModels.requestedAs();
      await options.record({ rebuildId, events, position, startedAt, finishedAt: now() });
    } catch (error) {
      logger.warn({ err: error }, 'it could not be recorded that read models were built');
    }
  };

  const build = async (why: string, onBuilt: typeof record = async () => {}): Promise<boolean> => {
    const fresh = await readModels.begin();
    if (fresh === null) return false;
    const startedAt = now();
    logger.info({ why }, 'building read models from the log');
    let latest = NOTHING;
    // One report after another, and none that fails may stop the work that it tells of.
    let reporting = Promise.resolve();
    const tell = (state: 'running' | 'done' | 'failed', progress: Progress) => {
      reporting = reporting.then(() => readModels.report(state, progress)).catch(() => undefined);
    };
    tell('running', latest);
    try {
      const all = await rebuild(
        fresh,
        reading((progress) => {
          latest = progress;
          tell('running', progress);
        }),
      );
      await onBuilt(all, startedAt);
      tell('done', all);
      logger.info({ events: all.events, position: all.position }, 'read models were built and are live');
      return true;
    } catch (error) {
      tell('failed', latest);
      throw error;
    } finally {
      await reporting;
      // Also what was filled in vain, and at the start what others have left behind.
      await readModels
        .dropOthers()
        .catch((error: unknown) => logger.warn({ err: error }, 'could not drop old read models'));
    }
  };

  await readModels.dropOthers();
  let isWanted = false;
  while (!signal.aborted) {
    if (!(await readModels.exist())) {
      await build('there are none');
    } else {
      const lost = await readModels.lostAfter();
      if (lost !== null) {
        logger.warn({ after: lost.position }, 'the store of the read models was restarted: showing the log again');
        const shown = await repair(
          readModels.repaired,
          lost.position,
          reading(() => undefined),
        );
        await lost.restored(shown.position);
        logger.info({ events: shown.events, position: shown.position }, 'the read models are whole again');
      }
      isWanted ||= await readModels.isRebuildWanted();
      if (isWanted && (await build('somebody asked', record))) isWanted = false;
    }
    healthy();
    await pause(timers, LOOK_EVERY_MS, signal);
  }
};
