import { join } from 'node:path';
import type { DomainEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import type { Decoded } from '@signalbox/event-sourcing';
import { openSqliteLog } from '@signalbox/log-sqlite';
import { systemChance, systemClock } from '@signalbox/runtime';

/** The log's file within a data directory. */
export const logPath = (dataDir: string): string => join(dataDir, 'signalbox.db');

/** Everything in the log of a server that has ended, decoded. Throws when there is an event that can't be read. */
export const readLog = async (dataDir: string): Promise<readonly Decoded<DomainEvent>[]> => {
  const log = await openSqliteLog({
    path: logPath(dataDir),
    now: () => systemClock.now(),
    newLogId: () => systemChance.uuid(),
  });
  try {
    const codec = createEventCodec();
    const all: Decoded<DomainEvent>[] = [];
    for (let after = 0; ; ) {
      const page = await log.readAll(after, 2_000);
      const last = page.at(-1);
      if (!last) return all;
      all.push(...(await codec.decode(page, 'stop')));
      after = last.position;
    }
  } finally {
    await log.close();
  }
};
