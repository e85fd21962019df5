import { streamName, type View } from '@signalbox/event-sourcing';
import type { CredentialRow, Credentials, Forgets } from '@signalbox/read-models';
import type { Keyspace } from './keyspace.ts';
import { NO_INDEX, NO_OUTPUT } from './rows.lua.ts';
import { redisRows, rowIn } from './views.ts';

/** Rows on a page, roughly. */
const PAGE = 500;

/** Credentials by name; an ended one is found until it is forgotten. */
export const redisCredentials = (keyspace: Keyspace): View<CredentialRow> & Credentials & Forgets => {
  const rows = redisRows<CredentialRow>(keyspace, {
    name: 'credentials',
    endedAt: (row) => row.endedAt,
    lua: [NO_INDEX, NO_OUTPUT],
  });
  const find = rows.script(`return redis.call('HGET', rows, take())`);
  const scan = rows.script(`return redis.call('HSCAN', rows, take(), 'COUNT', ${PAGE})`);
  const liveCount = rows.script(`return redis.call('HLEN', rows) - redis.call('ZCARD', ended)`);

  return {
    read: rows.read,
    write: rows.write,
    checkpoint: rows.checkpoint,
    forget: rows.forget,
    find: async (name) => {
      const kept = (await rows.run(find, [streamName('credential', name)])) as string | null;
      return kept === null ? undefined : rowIn<CredentialRow>(kept);
    },
    all: async function* () {
      // A scan may give a row twice while others come and go.
      const given = new Set<string>();
      let cursor = '0';
      do {
        const [next, pairs] = (await rows.run(scan, [cursor])) as readonly [string, readonly string[]];
        const some = pairs.flatMap((kept, index) => (index % 2 === 0 ? [] : (rowIn<CredentialRow>(kept) ?? [])));
        const fresh = some.filter(({ name }) => !given.has(name));
        for (const { name } of fresh) given.add(name);
        yield fresh;
        cursor = next;
      } while (cursor !== '0');
    },
    liveCount: async () => Number(await rows.run(liveCount)),
  };
};
