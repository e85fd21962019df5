import type { Rebuilds } from '@signalbox/gateway';
import type { RebuildStep, SwitchableReadSide } from './switchable-read-side.ts';

/** Reports of rebuilds that are kept, the newest. */
const KEPT = 20;

type Report = NonNullable<Awaited<ReturnType<Rebuilds['find']>>>;

export type DoneRebuild = RebuildStep & {
  readonly rebuildId: string;
  readonly name: string;
  readonly startedAt: number;
  readonly finishedAt: number;
};

/** Rebuilds of the read models of this process, one at a time. All of them are built together: they show one log. */
export const createRebuilds = (options: {
  readonly readSide: Pick<SwitchableReadSide, 'rebuild'>;
  /** How long ended sessions are kept in the read models, milliseconds. */
  readonly endedRetentionMs: number;
  readonly newId: () => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Records that one is done. */
  readonly onDone: (rebuild: DoneRebuild) => Promise<void>;
  /** Told of one that failed, for the log of the process. The live read models are as before. */
  readonly onFault: (error: unknown) => void;
}): Rebuilds => {
  const { readSide, endedRetentionMs, newId, now, onDone, onFault } = options;
  const reports = new Map<string, Report>();
  let underWay: string | null = null;

  const report = (one: Report) => {
    reports.set(one.rebuildId, one);
    const [oldest] = reports.keys();
    if (reports.size > KEPT && oldest !== undefined) reports.delete(oldest);
  };

  const run = async (rebuildId: string, name: string): Promise<void> => {
    const startedAt = now();
    let step: RebuildStep = { events: 0, position: 0, head: 0 };
    const say = (state: Report['state']) => report({ rebuildId, name, state, ...step });
    say('running');
    try {
      step = await readSide.rebuild(startedAt - endedRetentionMs, (reached) => {
        step = reached;
        say('running');
      });
      await onDone({ rebuildId, name, startedAt, finishedAt: now(), ...step });
      say('done');
    } catch (error) {
      say('failed');
      onFault(error);
    } finally {
      underWay = null;
    }
  };

  return {
    names: ['all'],
    begin: async (name) => {
      if (underWay !== null) return underWay;
      underWay = newId();
      const begun = underWay;
      void run(begun, name);
      return begun;
    },
    find: async (name, rebuildId) => {
      const found = reports.get(rebuildId);
      return found?.name === name ? found : undefined;
    },
  };
};
