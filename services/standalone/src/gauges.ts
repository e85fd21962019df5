import type { EventLog, ProjectionRunner } from '@signalbox/event-sourcing';
import type { App } from '@signalbox/http';
import type { LoadMonitor, Metrics } from '@signalbox/runtime';
import type { ReadSide } from './read-side.ts';

/** What is measured whenever somebody looks at the metrics (M3). */
export const observeGauges = (
  metrics: Pick<Metrics, 'observe'>,
  parts: {
    readonly app: App;
    readonly log: Pick<EventLog, 'head'> & { readonly waiting: () => number };
    readonly readSide: ReadSide;
    readonly runner: Pick<ProjectionRunner, 'position'>;
    /** Where the start left the read models. */
    readonly resumedAt: number;
    readonly load: Pick<LoadMonitor, 'eventLoopDelayMs' | 'heapUsed'>;
    readonly now: () => number;
  },
): void => {
  const { app, log, readSide, runner, resumedAt, load, now } = parts;
  metrics.observe('openOffers', () => readSide.discovery.openCount(now()));
  metrics.observe('liveSessions', () => readSide.sessions.liveCount(now()));
  metrics.observe('schedulerPending', () => readSide.dueTimes.size());
  metrics.observe('projectionLag', async () => (await log.head()) - Math.max(runner.position, resumedAt));
  metrics.observe('queueDepth', log.waiting, 'log');
  metrics.observe('connections', () => openConnections(app));
  metrics.observe('eventLoopDelay', () => load.eventLoopDelayMs() / 1_000);
  metrics.observe('heapUsed', load.heapUsed);
};

const openConnections = (app: App): Promise<number> =>
  new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
