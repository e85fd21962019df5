import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type RecordedEvent, streamName } from '@signalbox/event-sourcing';
import { openSqliteLogForReading } from '@signalbox/log-sqlite';
import { Failure } from './errors.ts';

/** The events of one session and of what was seen around it, in the order of the log, and the id of the log. */
export const sessionIn = async (
  directory: string,
  sessionId: string,
): Promise<{ readonly logId: string; readonly events: readonly RecordedEvent[] }> => {
  const path = join(directory, 'signalbox.db');
  if (!existsSync(path)) {
    throw new Failure(`There is no log in ${directory}. Name the directory of the server: --data-dir DIR.`);
  }
  const log = openSqliteLogForReading({ path });
  try {
    const streams = ['session', 'observation'].map((category) => streamName(category, sessionId));
    const events = (await Promise.all(streams.map((stream) => log.readStream(stream)))).flat();
    if (events.length === 0) throw new Failure(`There is no session ${sessionId} in the log of ${directory}.`);
    return { logId: log.id, events: events.sort((a, b) => a.position - b.position) };
  } finally {
    await log.close();
  }
};
