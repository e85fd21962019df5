import { type NewEvent, streamName } from '@signalbox/event-sourcing';
import { type EventStoreLog, openEventStoreLog } from '@signalbox/log-eventstoredb';
import { systemChance, systemClock, systemTimers } from '@signalbox/runtime';
import { handshake } from '../history.ts';
import { times } from '../rows/row.ts';
import type { Engines } from './engines.ts';

/** The log of a namespace, as every process of the stack opens it. */
export const openLogOf = ({ eventStoreDbUrl: url }: Engines, namespace: string): Promise<EventStoreLog> =>
  openEventStoreLog({
    ...{ url, prefix: `${namespace}.`, newLogId: systemChance.uuid, timers: systemTimers, chance: systemChance },
  });

export const EVENTS_OF_A_SESSION = 4;
/** So many sessions go on at the same time. */
const SIDE_BY_SIDE = 500;
/** More than one process has under way, so that there is always one waiting. */
const WORKERS = 32;
const HOUR_MS = 3_600_000;

/**
 * Writes sessions from offer to candidates through the adapter, one append for each event, as so many clients at once
 * would do it. Answers with how many events a second that were.
 */
export const fill = async (log: EventStoreLog, events: number): Promise<number> => {
  const startedAt = systemClock.monotonic();
  for (let written = 0; written < events; written += SIDE_BY_SIDE * EVENTS_OF_A_SESSION) {
    const sessions = times(SIDE_BY_SIDE, () => ({
      stream: streamName('session', systemChance.orderedUuid()),
      events: handshake(systemClock.now(), systemClock.now() + HOUR_MS),
    }));
    for (let revision = 0; revision < EVENTS_OF_A_SESSION; revision++) {
      let next = 0;
      const appendInTurn = async () => {
        for (let one = sessions[next++]; one; one = sessions[next++]) {
          const expected = revision === 0 ? ('no_stream' as const) : revision - 1;
          await log.append(one.stream, [one.events[revision] as NewEvent], expected);
        }
      };
      await Promise.all(times(WORKERS, appendInTurn));
    }
  }
  return (1_000 * events) / (systemClock.monotonic() - startedAt);
};
