import { type EventStoreLog, openEventStoreLog } from '@signalbox/log-eventstoredb';
import type { ServiceContext } from '@signalbox/runtime';

/** The namespace that stands before no stream: that of a store which holds one log. */
const ALONE = 'signalbox';

/** What the names of a namespace's streams begin with. */
export const streamPrefix = (namespace: string): string => (namespace === ALONE ? '' : `${namespace}.`);

/** The event log of the stack. */
export const openLog = ({ config, timers, chance, logger }: ServiceContext): Promise<EventStoreLog> =>
  openEventStoreLog({
    url: config.stack.eventStoreDbUrl ?? '',
    prefix: streamPrefix(config.stack.namespace),
    newLogId: () => chance.uuid(),
    ...{ timers, chance },
    onTrouble: (error) => logger.warn({ err: error }, 'trouble with the event store'),
  });
