import { type StreamName, streamName, type View } from '@signalbox/event-sourcing';
import type { CredentialRow, Credentials, Forgets } from '@signalbox/read-models';
import { byTime } from './deadline.ts';
import { OrderedList } from './ordered-list.ts';
import { memoryRows } from './rows.ts';

const PAGE = 1_000;

/** Credentials by name; the ended ones in the order of their ends, until they are forgotten. */
export const memoryCredentials = (): View<CredentialRow> & Credentials & Forgets => {
  const ended = new OrderedList(byTime);
  let live = 0;

  const rows = memoryRows<CredentialRow>((taken) => {
    for (const { before, change } of taken) {
      const { row, stream } = change;
      if (before?.endedAt === null) live--;
      else if (before) ended.delete({ at: before.endedAt, key: stream });
      if (row?.endedAt === null) live++;
      else if (row) ended.add({ at: row.endedAt, key: stream });
    }
  });

  return {
    read: rows.read,
    write: rows.write,
    checkpoint: rows.checkpoint,
    find: async (name) => rows.get(streamName('credential', name)),
    all: async function* () {
      let page: CredentialRow[] = [];
      for (const row of rows.all()) {
        if (page.push(row) < PAGE) continue;
        yield page;
        page = [];
      }
      yield page;
    },
    liveCount: async () => live,
    forget: async (endedBefore) => {
      let forgotten = 0;
      for (let first = ended.first(); first && first.at < endedBefore; first = ended.first()) {
        ended.delete(first);
        rows.forget(first.key as StreamName);
        forgotten++;
      }
      return forgotten;
    },
  };
};
