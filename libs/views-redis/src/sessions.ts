import { streamName, type View } from '@signalbox/event-sourcing';
import type { Forgets, SessionRow, Sessions } from '@signalbox/read-models';
import type { Keyspace } from './keyspace.ts';
import { NO_OUTPUT } from './rows.lua.ts';
import { redisRows, rowIn } from './views.ts';

/** Sessions without an end lie in the order of their due times, in all and for each publisher. */
const INDEX = `
local function index(stream, given)
  redis.call('ZADD', view .. 'due', given[2], stream)
  redis.call('ZADD', view .. 'of:' .. given[1], given[2], stream)
end
local function unindex(stream, given)
  redis.call('ZREM', view .. 'due', stream)
  redis.call('ZREM', view .. 'of:' .. given[1], stream)
end
`;

/** Sessions by id, and the living ones by their publishers. */
export const redisSessions = (keyspace: Keyspace): View<SessionRow> & Sessions & Forgets => {
  const rows = redisRows<SessionRow>(keyspace, {
    name: 'sessions',
    facts: (row) => (row.endedAt === null ? [row.publisher, row.expiresAt] : []),
    endedAt: (row) => row.endedAt,
    lua: [INDEX, NO_OUTPUT],
  });
  const find = rows.script(`return redis.call('HGET', rows, take())`);
  const count = rows.script(`return redis.call('ZCOUNT', view .. take(), '(' .. take(), '+inf')`);
  const living = rows.script(`
    local found = {}
    for i, stream in ipairs(redis.call('ZRANGEBYSCORE', view .. 'of:' .. take(), '(' .. take(), '+inf')) do
      found[i] = redis.call('HGET', rows, stream)
    end
    return found
  `);

  return {
    read: rows.read,
    write: rows.write,
    checkpoint: rows.checkpoint,
    forget: rows.forget,
    find: async (sessionId) => {
      const kept = (await rows.run(find, [streamName('session', sessionId)])) as string | null;
      return kept === null ? undefined : rowIn<SessionRow>(kept);
    },
    livePublishedBy: async (identity, now) => {
      const kept = (await rows.run(living, [identity, now])) as readonly string[];
      return kept.flatMap((one) => rowIn<SessionRow>(one) ?? []).sort(byAge);
    },
    liveCount: async (now, identity) =>
      Number(await rows.run(count, [identity === undefined ? 'due' : `of:${identity}`, now])),
  };
};

const byAge = (a: SessionRow, b: SessionRow): number =>
  a.createdAt - b.createdAt || (a.sessionId < b.sessionId ? -1 : 1);
