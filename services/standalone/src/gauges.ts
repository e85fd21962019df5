import type { EventLog, ProjectionRunner } from '@signalbox/event-sourcing';
import type { Metrics } from '@signalbox/runtime';
import type { SwitchableReadSide } from './switchable-read-side.ts';

/** What is measured whenever somebody looks at the metrics (M3). */
export const observeGauges = (
  metrics: Pick<Metrics, 'observe'>,
  parts: {
    readonly log: Pick<EventLog, 'head'> & { readonly waiting: () => number };
    readonly readSide: Pick<SwitchableReadSide, 'discovery' | 'sessions' | 'dueTimes'>;
    readonly runner: Pick<ProjectionRunner, 'position'>;
    /** Where the start left the read models. */
    readonly resumedAt: number;
    readonly now: () => number;
  },
): void => {
  const { log, readSide, runner, resumedAt, now } = parts;
  metrics.observe('openOffers', () => readSide.discovery.openCount(now()));
  metrics.observe('liveSessions', () => readSide.sessions.liveCount(now()));
  metrics.observe('schedulerPending', () => readSide.dueTimes.size());
  metrics.observe('projectionLag', async () => (await log.head()) - Math.max(runner.position, resumedAt));
  metrics.observe('queueDepth', log.waiting, 'log');
};
