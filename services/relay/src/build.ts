import { createOperationsApp, faultCheck, type ObservedLog, workChecks } from '@signalbox/assembly';
import type { BusPublisher, Election } from '@signalbox/event-sourcing';
import type { App } from '@signalbox/http';
import { type ServiceContext, supervise } from '@signalbox/runtime';
import { relay } from './app.ts';

/** The process that carries the log to the bus while it is the elected one, and stands by while it is not. */
export const buildRelay = async (options: {
  readonly context: ServiceContext;
  readonly log: ObservedLog;
  readonly publisher: BusPublisher;
  readonly election: Election;
}): Promise<{ readonly app: App; readonly close: () => Promise<void> }> => {
  const { context, log, publisher, election } = options;
  const { timers, chance, logger, telemetry } = context;
  const { metrics } = telemetry;
  /** Up to which position the bus has the log, while this relay leads. */
  let published: number | null = null;
  const work = supervise({
    ...{ name: 'relay', timers, chance, logger, metrics, backoff: { firstMs: 100, maxMs: 1_000 } },
    run: (signal, healthy) =>
      relay(
        {
          ...{ log, publisher, election },
          onLeading: (position) => {
            healthy();
            published = position;
            logger.info({ position }, 'elected: carrying the log to the bus');
          },
          onLeft: () => {
            published = null;
            logger.info('not the elected one any more');
          },
          onPublished: ({ count, position }) => {
            healthy();
            published = position;
            metrics.relayed(count);
          },
        },
        signal,
      ),
  });
  metrics.observe('relayLeader', () => (published === null ? 0 : 1));
  metrics.observe('breakerOpen', () => (work.unhealthy() === null ? 0 : 1), 'bus');
  metrics.observe('relayLag', async () => (published === null ? 0 : Math.max(0, (await log.head()) - published)));
  const app = await createOperationsApp(context, [faultCheck('log', log.fault), ...workChecks([work])]);
  return {
    app,
    close: async () => {
      await app.close();
      await work.stop();
      await publisher.close();
      app.stopLoad();
    },
  };
};
